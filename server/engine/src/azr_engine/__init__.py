"""A local training and sampling server for causal language models, in Tinker's JSON dialect."""
