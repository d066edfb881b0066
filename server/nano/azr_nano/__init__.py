"""The embedded model `azr-nano`: its world of programs, its corpus, its tokenizer, its pretraining."""
