"""
Turns a GGUF file into a Hugging Face model folder, once: weights as safetensors, a byte-level BPE
tokenizer, configuration, and the tokens that begin, end and pad a text as the file's own metadata
names them (transformers takes the beginning of a text for its end in some files). Layout:
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gguf import GGUFReader
from safetensors.torch import save_file
from torch import Tensor
from transformers.models.llama.configuration_llama import LlamaConfig
from transformers.models.qwen2.configuration_qwen2 import Qwen2Config
from transformers.models.qwen3.configuration_qwen3 import Qwen3Config

from azr_engine.errors import EngineError
from azr_engine.gguf_layout import check_layout
from azr_engine.gguf_metadata import Metadata, unusable
from azr_engine.gguf_tensors import EMBEDDINGS, HEAD, check_tensors, read_tensors
from azr_engine.gguf_tokenizer import (
    build_tokenizer,
    end_tokens,
    padding_token,
    tokenizer_configuration,
)

CONFIGURATIONS: dict[str, tuple[Any, str]] = {
    "llama": (LlamaConfig, "LlamaForCausalLM"),
    "qwen2": (Qwen2Config, "Qwen2ForCausalLM"),
    "qwen3": (Qwen3Config, "Qwen3ForCausalLM"),
}


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
        raise unusable(path, reason) from error


def _convert(path: Path, folder: Path) -> None:
    reader = GGUFReader(path)
    values = {name: field.contents() for name, field in reader.fields.items()}
    metadata = Metadata(path, values)
    _refuse_part(metadata)
    _architecture(metadata)
    tokenizer = build_tokenizer(metadata)
    tensors = read_tensors(reader, metadata)
    configuration = _configuration(metadata, tensors)
    check_tensors(configuration, tensors, path)
    configuration.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    _write_json(folder / "tokenizer_config.json", tokenizer_configuration(metadata))
    endings = {
        "eos_token_id": end_tokens(metadata),
        "pad_token_id": padding_token(metadata),
    }
    _write_json(folder / "generation_config.json", endings)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _refuse_part(metadata: Metadata) -> None:
    count = metadata.values.get("split.count", 1)
    if count > 1:
        number = metadata.values.get("split.no", 0) + 1
        raise EngineError(
            "gguf_unusable",
            f"{metadata.path.name} is part {number} of {count} of a model.",
            "Put the parts together with `llama-gguf-split --merge` of llama.cpp.",
        )


def _architecture(metadata: Metadata) -> tuple[Any, str]:
    """Its configuration's class, and the name of its model's."""
    architecture = metadata.get("general.architecture")
    if architecture not in CONFIGURATIONS:
        known = ", ".join(CONFIGURATIONS)
        raise unusable(metadata.path, f"its architecture {architecture!r} is none of {known}")
    return CONFIGURATIONS[architecture]


def _configuration(metadata: Metadata, tensors: dict[str, Tensor]) -> Any:
    kind, name = _architecture(metadata)
    architecture = metadata.get("general.architecture")
    if any(key.startswith(f"{architecture}.rope.scaling.") for key in metadata.values):
        raise unusable(metadata.path, "it scales rotary positions, which is not converted")
    of = metadata.of_architecture
    heads, hidden = of("attention.head_count"), of("embedding_length")
    optional = metadata.values.get
    configuration = kind(
        vocab_size=_vocabulary_size(metadata, tensors),
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
        tie_word_embeddings=HEAD not in tensors,
        bos_token_id=optional("tokenizer.ggml.bos_token_id"),
        eos_token_id=end_tokens(metadata),
        pad_token_id=padding_token(metadata),
    )
    configuration.architectures = [name]
    configuration.dtype = str(next(iter(tensors.values())).dtype).removeprefix("torch.")
    return configuration


def _vocabulary_size(metadata: Metadata, tensors: dict[str, Tensor]) -> int:
    """The matrix may have more rows than there are tokens, for its size to be a round number."""
    tokens = len(metadata.get("tokenizer.ggml.tokens"))
    if EMBEDDINGS not in tensors:
        raise unusable(metadata.path, "it lacks token_embd.weight")
    rows = tensors[EMBEDDINGS].shape[0]
    if rows < tokens:
        raise unusable(metadata.path, f"it has {tokens} tokens, and weights of {rows}")
    return rows


def _write_json(file: Path, value: dict[str, Any]) -> None:
    file.write_text(json.dumps(value, indent=2, ensure_ascii=False), encoding="utf-8")
