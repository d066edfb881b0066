"""The shape of `azr-nano`."""

from __future__ import annotations

from pathlib import Path

from tokenizers import Tokenizer
from transformers.models.llama.configuration_llama import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaForCausalLM

from azr_nano.tokenizer import END, PADDING, save_tokenizer, token_id

CONTEXT_TOKENS = 1024


def build_model(tokenizer: Tokenizer) -> LlamaForCausalLM:
    """A new model with the weights that torch's random state gives: 1.03 million of them."""
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=tokenizer.get_vocab_size(),
            hidden_size=128,
            intermediate_size=352,
            num_hidden_layers=5,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=CONTEXT_TOKENS,
            tie_word_embeddings=True,
            pad_token_id=token_id(tokenizer, PADDING),
            eos_token_id=token_id(tokenizer, END),
            bos_token_id=None,
        )
    )


def save_model(model: LlamaForCausalLM, output: Path) -> None:
    """Writes the Hugging Face folder: weights, configuration, generation settings, tokenizer."""
    model.save_pretrained(output)
    save_tokenizer(output, CONTEXT_TOKENS)
