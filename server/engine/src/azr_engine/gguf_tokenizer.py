"""
The tokenizer of a GGUF file, byte-level BPE, and its settings. transformers can read it too, but
splits texts as GPT-2 does for every pre-tokenizer that it does not know. SmolLM's is one of these,
and spaces before a digit would become other tokens than those that the model was trained on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors

from azr_engine.gguf_metadata import Metadata, unusable

CONTROL_TOKEN = 3
USER_DEFINED_TOKEN = 4
# Tokens that end a text, a turn or a message, by their keys.
END_KEYS = ("eos_token_id", "eot_token_id", "eom_token_id")
# Of llama.cpp's list (llama_vocab::impl::load), those of the families that are converted.
ENDINGS = ("<|endoftext|>", "<|end_of_text|>", "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>")
# The patterns by which these families cut a text before merging bytes, from their tokenizers.
QWEN_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA3_PATTERN = QWEN_PATTERN.replace(r"|\p{N}|", r"|\p{N}{1,3}|")


def _byte_level(*before: Any, cut: bool) -> Any:
    last = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=cut)
    return pre_tokenizers.Sequence([*before, last])


def _by_pattern(pattern: str) -> Any:
    return _byte_level(pre_tokenizers.Split(Regex(pattern), "isolated"), cut=False)


PRE_TOKENIZERS: dict[str, Callable[[], Any]] = {
    "gpt-2": lambda: _byte_level(cut=True),
    "smollm": lambda: _byte_level(pre_tokenizers.Digits(individual_digits=True), cut=True),
    "qwen2": lambda: _by_pattern(QWEN_PATTERN),
    "llama-bpe": lambda: _by_pattern(LLAMA3_PATTERN),
}


def read_tokenizer(metadata: Metadata) -> Tokenizer:
    kind = metadata.get("tokenizer.ggml.model")
    if kind != "gpt2":
        raise unusable(metadata.path, f"its tokenizer is of the kind {kind!r}, not byte-level BPE")
    cutting = metadata.values.get("tokenizer.ggml.pre", "gpt-2")
    if cutting not in PRE_TOKENIZERS:
        known = ", ".join(PRE_TOKENIZERS)
        raise unusable(metadata.path, f"its tokenizer cuts texts by {cutting!r}, none of {known}")
    tokens: list[str] = metadata.get("tokenizer.ggml.tokens")
    merges = [tuple(merge.split(" ", 1)) for merge in metadata.get("tokenizer.ggml.merges")]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = PRE_TOKENIZERS[cutting]()
    tokenizer.decoder = decoders.ByteLevel()
    kinds: list[int] = metadata.get("tokenizer.ggml.token_type")
    special = [
        AddedToken(token, special=kind == CONTROL_TOKEN, normalized=False)
        for token, kind in zip(tokens, kinds, strict=True)
        if kind in (CONTROL_TOKEN, USER_DEFINED_TOKEN)
    ]
    tokenizer.add_special_tokens([token for token in special if token.special])
    tokenizer.add_tokens([token for token in special if not token.special])
    if _begins_with_token(metadata):
        index = int(metadata.get("tokenizer.ggml.bos_token_id"))
        tokenizer.post_processor = processors.TemplateProcessing(
            single=[tokens[index], "$A"],
            pair=[tokens[index], "$A", "$B"],
            special_tokens=[(tokens[index], index)],
        )
    return tokenizer


def _begins_with_token(metadata: Metadata) -> bool:
    """Where the file does not say, llama.cpp begins texts with a token for this kind alone."""
    is_usual = metadata.values.get("tokenizer.ggml.pre") == "llama-bpe"
    is_wanted = bool(metadata.values.get("tokenizer.ggml.add_bos_token", is_usual))
    return is_wanted and "tokenizer.ggml.bos_token_id" in metadata.values


def end_tokens(metadata: Metadata) -> list[int]:
    """
    Every token that the file names as an end, beginning with the end of a text, and those that
    llama.cpp knows by their text.
    """
    first = metadata.get("tokenizer.ggml.eos_token_id")
    named = [metadata.values.get(f"tokenizer.ggml.{key}") for key in END_KEYS]
    tokens: list[str] = metadata.get("tokenizer.ggml.tokens")
    kinds: list[int] = metadata.get("tokenizer.ggml.token_type")
    known = [
        index
        for index, (token, kind) in enumerate(zip(tokens, kinds, strict=True))
        if kind == CONTROL_TOKEN and token in ENDINGS
    ]
    ends = [int(token) for token in (first, *named) if token is not None]
    return list(dict.fromkeys([*ends, *known]))


def padding_token(metadata: Metadata) -> int:
    """Where the file names none, the end also pads: positions after it carry no loss."""
    end = metadata.get("tokenizer.ggml.eos_token_id")
    return int(metadata.values.get("tokenizer.ggml.padding_token_id", end))


def tokenizer_settings(metadata: Metadata) -> dict[str, Any]:
    """The contents of tokenizer_config.json."""
    tokens: list[str] = metadata.get("tokenizer.ggml.tokens")
    settings: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": tokens[end_tokens(metadata)[0]],
        "pad_token": tokens[padding_token(metadata)],
        "model_max_length": metadata.of_architecture("context_length"),
        "clean_up_tokenization_spaces": False,
    }
    beginning = metadata.values.get("tokenizer.ggml.bos_token_id")
    if beginning is not None:
        settings["bos_token"] = tokens[beginning]
    settings["add_bos_token"] = _begins_with_token(metadata)
    template = metadata.values.get("tokenizer.chat_template")
    if template is not None:
        settings["chat_template"] = template
    return settings
