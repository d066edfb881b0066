"""The byte-level BPE tokenizer of a GGUF file, and the tokens that begin, end and pad a text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors

from azr_engine.gguf_metadata import Metadata, unusable

CONTROL_TOKEN = 3
USER_DEFINED_TOKEN = 4
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


def build_tokenizer(metadata: Metadata) -> Tokenizer:
    """Throws EngineError `gguf_unusable` for one of another kind."""
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
    around = _around_texts(metadata)
    if around is not None:
        tokenizer.post_processor = around
    return tokenizer


def _begins_with_token(metadata: Metadata) -> bool:
    """llama.cpp's own choice where the file does not say: only this kind begins texts with one."""
    cutting = metadata.values.get("tokenizer.ggml.pre", "gpt-2")
    named = metadata.values.get("tokenizer.ggml.add_bos_token", cutting == "llama-bpe")
    return bool(named) and "tokenizer.ggml.bos_token_id" in metadata.values


def _around_texts(metadata: Metadata) -> Any:
    """The token that begins every text, as tokenizer.json has it; None where there is none."""
    if not _begins_with_token(metadata):
        return None
    index = int(metadata.get("tokenizer.ggml.bos_token_id"))
    token = metadata.get("tokenizer.ggml.tokens")[index]
    return processors.TemplateProcessing(
        single=[token, "$A"], pair=[token, "$A", "$B"], special_tokens=[(token, index)]
    )


def end_tokens(metadata: Metadata) -> list[int]:
    """Whatever ends an answer: what the metadata names, and what llama.cpp knows by its text."""
    named = [metadata.get("tokenizer.ggml.eos_token_id")]
    for key in ("eot_token_id", "eom_token_id"):
        named.append(metadata.values.get(f"tokenizer.ggml.{key}"))
    tokens: list[str] = metadata.get("tokenizer.ggml.tokens")
    kinds: list[int] = metadata.get("tokenizer.ggml.token_type")
    known = [
        index
        for index, (token, kind) in enumerate(zip(tokens, kinds, strict=True))
        if kind == CONTROL_TOKEN and token in ENDINGS
    ]
    return list(dict.fromkeys([*(int(one) for one in named if one is not None), *known]))


def tokenizer_configuration(metadata: Metadata) -> dict[str, Any]:
    """The content of tokenizer_config.json."""
    tokens: list[str] = metadata.get("tokenizer.ggml.tokens")
    configuration: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": tokens[metadata.get("tokenizer.ggml.eos_token_id")],
        "pad_token": tokens[padding_token(metadata)],
        "model_max_length": metadata.of_architecture("context_length"),
        "clean_up_tokenization_spaces": False,
        "add_bos_token": _begins_with_token(metadata),
    }
    beginning = metadata.values.get("tokenizer.ggml.bos_token_id")
    if beginning is not None:
        configuration["bos_token"] = tokens[beginning]
    template = metadata.values.get("tokenizer.chat_template")
    if template is not None:
        configuration["chat_template"] = template
    return configuration


def padding_token(metadata: Metadata) -> int:
    """Where the file names none, the end also pads: positions after it carry no loss."""
    end = metadata.get("tokenizer.ggml.eos_token_id")
    return int(metadata.values.get("tokenizer.ggml.padding_token_id", end))
