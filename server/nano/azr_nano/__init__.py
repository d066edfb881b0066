"""The embedded model `azr-nano`: its programs, corpus, tokenizer, pretraining and probe."""
