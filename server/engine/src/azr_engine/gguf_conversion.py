"""
Turns a GGUF file into a Hugging Face model folder, once: weights as safetensors in float32, a
byte-level BPE tokenizer, configuration, and the tokens that end and pad a text as the file's own
metadata names them (transformers takes the beginning of a text for its end in some files). Layout:
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import torch
from gguf import GGUFReader, dequantize
from safetensors.torch import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor
from transformers.models.llama.configuration_llama import LlamaConfig
from transformers.models.qwen2.configuration_qwen2 import Qwen2Config
from transformers.models.qwen3.configuration_qwen3 import Qwen3Config

from azr_engine.errors import EngineError
from azr_engine.gguf_layout import check_layout

CONTROL_TOKEN = 3
USER_DEFINED_TOKEN = 4
CONFIGURATIONS: dict[str, tuple[Any, str]] = {
    "llama": (LlamaConfig, "LlamaForCausalLM"),
    "qwen2": (Qwen2Config, "Qwen2ForCausalLM"),
    "qwen3": (Qwen3Config, "Qwen3ForCausalLM"),
}
GLOBAL_NAMES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
}
LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
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


@dataclass(frozen=True)
class Metadata:
    """The key-value pairs of a file."""

    path: Path
    values: dict[str, Any]

    def get(self, name: str) -> Any:
        if name not in self.values:
            raise _unusable(self.path, f"its metadata has no {name}")
        return self.values[name]

    def of_architecture(self, name: str) -> Any:
        return self.get(f"{self.get('general.architecture')}.{name}")


def convert_gguf(path: Path, folder: Path) -> None:
    """
    Writes the model of the file at `path` into the existing, empty `folder`. Throws EngineError
    `gguf_unusable` for a file that is damaged or of a kind that is not known here.
    """
    try:
        check_layout(path)
        _convert(path, folder)
    except (EngineError, MemoryError):
        raise
    except Exception as error:
        # Any value in the file may be of any type and size, and its reader trusts them.
        reason = f"it cannot be read ({type(error).__name__}: {error})"
        raise _unusable(path, reason) from error


def _convert(path: Path, folder: Path) -> None:
    reader = GGUFReader(path)
    values = {name: field.contents() for name, field in reader.fields.items()}
    metadata = Metadata(path, values)
    tokenizer = _tokenizer(metadata)
    tensors = _tensors(reader, metadata)
    configuration = _configuration(metadata, tied="lm_head.weight" not in tensors)
    configuration.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    _write_json(folder / "tokenizer_config.json", _tokenizer_configuration(metadata))
    endings = {
        "eos_token_id": metadata.get("tokenizer.ggml.eos_token_id"),
        "pad_token_id": _padding(metadata),
    }
    _write_json(folder / "generation_config.json", endings)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _unusable(path: Path, reason: str) -> EngineError:
    return EngineError(
        "gguf_unusable",
        f"{path.name} cannot be used: {reason}.",
        "Copy the file again if it may be damaged, or use the same model as a Hugging Face folder "
        "with safetensors.",
    )


def _configuration(metadata: Metadata, tied: bool) -> Any:
    architecture = metadata.get("general.architecture")
    kind, name = CONFIGURATIONS.get(architecture, (None, ""))
    if kind is None:
        raise _unusable(
            metadata.path,
            f"its architecture {architecture!r} is none of {', '.join(CONFIGURATIONS)}",
        )
    if any(key.startswith(f"{architecture}.rope.scaling.") for key in metadata.values):
        raise _unusable(metadata.path, "it scales rotary positions, which is not converted")
    of = metadata.of_architecture
    heads, hidden = of("attention.head_count"), of("embedding_length")
    optional = metadata.values.get
    configuration = kind(
        vocab_size=len(metadata.get("tokenizer.ggml.tokens")),
        hidden_size=hidden,
        intermediate_size=of("feed_forward_length"),
        num_hidden_layers=of("block_count"),
        num_attention_heads=heads,
        num_key_value_heads=optional(f"{architecture}.attention.head_count_kv", heads),
        head_dim=optional(f"{architecture}.attention.key_length", hidden // heads),
        max_position_embeddings=of("context_length"),
        # Stored in float32, but meant as the round number it came from.
        rms_norm_eps=float(f"{of('attention.layer_norm_rms_epsilon'):.6g}"),
        rope_parameters={
            "rope_type": "default",
            "rope_theta": float(optional(f"{architecture}.rope.freq_base", 10_000.0)),
        },
        tie_word_embeddings=tied,
        bos_token_id=optional("tokenizer.ggml.bos_token_id"),
        eos_token_id=metadata.get("tokenizer.ggml.eos_token_id"),
        pad_token_id=_padding(metadata),
    )
    configuration.architectures = [name]
    configuration.dtype = "float32"
    return configuration


def _tensors(reader: GGUFReader, metadata: Metadata) -> dict[str, Tensor]:
    if metadata.get("general.architecture") not in CONFIGURATIONS:
        return {}
    tensors: dict[str, Tensor] = {}
    for tensor in reader.tensors:
        name = _tensor_name(tensor.name)
        if name is None:
            raise _unusable(metadata.path, f"it has a tensor {tensor.name} that is not known here")
        values = dequantize(tensor.data, tensor.tensor_type).astype(numpy.float32)
        array = values.reshape(tuple(int(size) for size in reversed(tensor.shape)))
        tensors[name] = torch.from_numpy(_in_rotary_order(array, name, metadata).copy())
    return tensors


def _tensor_name(name: str) -> str | None:
    base, _, kind = name.rpartition(".")
    if base in GLOBAL_NAMES:
        return f"{GLOBAL_NAMES[base]}.{kind}"
    prefix, _, rest = base.partition(".")
    layer, _, part = rest.partition(".")
    if prefix != "blk" or part not in LAYER_NAMES:
        return None
    return f"model.layers.{layer}.{LAYER_NAMES[part]}.{kind}"


def _in_rotary_order(array: Any, name: str, metadata: Metadata) -> Any:
    """
    Llama's files hold the two halves of a rotated pair side by side; transformers holds all first
    halves of a head before all second ones.
    """
    is_query, is_key = ".q_proj." in name, ".k_proj." in name
    if metadata.get("general.architecture") != "llama" or not (is_query or is_key):
        return array
    heads = metadata.of_architecture("attention.head_count")
    if is_key:
        heads = metadata.values.get("llama.attention.head_count_kv", heads)
    shape = array.shape
    pairs = array.reshape(heads, shape[0] // heads // 2, 2, *shape[1:])
    return pairs.swapaxes(1, 2).reshape(shape)


def _tokenizer(metadata: Metadata) -> Tokenizer:
    kind = metadata.get("tokenizer.ggml.model")
    if kind != "gpt2":
        raise _unusable(metadata.path, f"its tokenizer is of the kind {kind!r}, not byte-level BPE")
    cutting = metadata.values.get("tokenizer.ggml.pre", "gpt-2")
    if cutting not in PRE_TOKENIZERS:
        known = ", ".join(PRE_TOKENIZERS)
        raise _unusable(metadata.path, f"its tokenizer cuts texts by {cutting!r}, none of {known}")
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
    return tokenizer


def _tokenizer_configuration(metadata: Metadata) -> dict[str, Any]:
    tokens: list[str] = metadata.get("tokenizer.ggml.tokens")
    configuration: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": tokens[metadata.get("tokenizer.ggml.eos_token_id")],
        "pad_token": tokens[_padding(metadata)],
        "model_max_length": metadata.of_architecture("context_length"),
        "clean_up_tokenization_spaces": False,
    }
    beginning = metadata.values.get("tokenizer.ggml.bos_token_id")
    if beginning is not None:
        configuration["bos_token"] = tokens[beginning]
    template = metadata.values.get("tokenizer.chat_template")
    if template is not None:
        configuration["chat_template"] = template
    return configuration


def _padding(metadata: Metadata) -> int:
    """Where the file names none, the end also pads: positions after it carry no loss."""
    end = metadata.get("tokenizer.ggml.eos_token_id")
    return int(metadata.values.get("tokenizer.ggml.padding_token_id", end))


def _write_json(file: Path, value: dict[str, Any]) -> None:
    file.write_text(json.dumps(value, indent=2, ensure_ascii=False), encoding="utf-8")
