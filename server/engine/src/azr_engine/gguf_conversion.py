"""
Turns a GGUF file into a Hugging Face model folder, once. transformers reads configuration and
weights (`gguf_file`). Files that it would silently misread are refused before: with missing or
unknown tensors, tensors of another shape, scaled rotary positions, or an unknown tokenizer.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from gguf import GGML_QUANT_SIZES, MODEL_ARCH, GGMLQuantizationType, GGUFReader, get_tensor_name_map
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import cosine_similarity
from transformers.models.auto.configuration_auto import AutoConfig
from transformers.models.auto.modeling_auto import AutoModelForCausalLM
from transformers.utils.quantization_config import GgufConfig

from azr_engine.errors import EngineError
from azr_engine.gguf_layout import check_layout
from azr_engine.gguf_metadata import Metadata, unusable
from azr_engine.gguf_tokenizer import end_tokens, padding_token, read_tokenizer, tokenizer_settings

ARCHITECTURES = {
    "llama": MODEL_ARCH.LLAMA,
    "qwen2": MODEL_ARCH.QWEN2,
    "qwen3": MODEL_ARCH.QWEN3,
}
# Embeddings and output head that are this similar are one matrix, quantized twice: measured 0.999
# for Q5_0 and Q8_0. Those of models that train two are hardly similar.
SAME_MATRIX = 0.95


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
    _check_parts(metadata)
    _check_architecture(metadata)
    tokenizer, settings = read_tokenizer(metadata), tokenizer_settings(metadata)
    endings = {"eos_token_id": end_tokens(metadata), "pad_token_id": padding_token(metadata)}
    # The empty folder, so that nothing beside the file is read with it.
    source: dict[str, Any] = {"gguf_file": str(path.resolve()), "local_files_only": True}
    _check_depth(reader, metadata)
    config = AutoConfig.from_pretrained(folder, **source)
    _check_tensors(reader, metadata, config)
    config.dtype = _stored_type(reader)
    # Otherwise weights could stay packed, for kernels that would be fetched from the Hub.
    unpacked = GgufConfig(dequantize=True)
    network: Any = AutoModelForCausalLM.from_pretrained(
        folder, config=config, dtype=config.dtype, quantization_config=unpacked, **source
    )
    config.architectures = [type(network).__name__]
    if not config.tie_word_embeddings:
        config.tie_word_embeddings = _tie_copies(network, reader)
    weights = {name: value.detach().contiguous() for name, value in network.named_parameters()}
    config.update(endings)
    config.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    _write_json(folder / "tokenizer_config.json", settings)
    _write_json(folder / "generation_config.json", endings)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def _check_parts(metadata: Metadata) -> None:
    count = metadata.values.get("split.count", 1)
    if count > 1:
        number = metadata.values.get("split.no", 0) + 1
        raise EngineError(
            "gguf_unusable",
            f"{metadata.path.name} is part {number} of {count} of a model.",
            "Put the parts together with `llama-gguf-split --merge` of llama.cpp.",
        )


def _check_architecture(metadata: Metadata) -> None:
    architecture = metadata.get("general.architecture")
    if architecture not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise unusable(metadata.path, f"its architecture {architecture!r} is none of {known}")
    if any(key.startswith(f"{architecture}.rope.scaling.") for key in metadata.values):
        raise unusable(metadata.path, "it scales rotary positions, which is not converted")


def _check_depth(reader: GGUFReader, metadata: Metadata) -> None:
    """Bounds the layers of the model that `_check_tensors` makes."""
    layers = metadata.of_architecture("block_count")
    if layers > len(reader.tensors):
        reason = f"it claims {layers} layers, and has {len(reader.tensors)} tensors"
        raise unusable(metadata.path, reason)


def _check_tensors(reader: GGUFReader, metadata: Metadata, config: Any) -> None:
    """Refuses a file whose tensors are not exactly those of the model that it describes."""
    with torch.device("meta"):
        network = AutoModelForCausalLM.from_config(config)
    architecture = ARCHITECTURES[metadata.get("general.architecture")]
    names = get_tensor_name_map(architecture, config.num_hidden_layers)
    expected: dict[str, tuple[int, ...]] = {}
    for name, parameter in network.named_parameters():
        module, _, kind = name.rpartition(".")
        expected[f"{names.get_name(module)}.{kind}"] = tuple(parameter.shape)
    stored = {
        tensor.name: tuple(int(size) for size in reversed(tensor.shape))
        for tensor in reader.tensors
    }
    for name in (*expected, *stored):
        if name not in stored:
            raise unusable(metadata.path, f"it has no tensor {name}")
        if name not in expected:
            raise unusable(metadata.path, f"it has a tensor {name} that is not known here")
        if stored[name] != expected[name]:
            reason = f"its tensor {name} has the shape {stored[name]}, not {expected[name]}"
            raise unusable(metadata.path, reason)


def _stored_type(reader: GGUFReader) -> torch.dtype:
    """bfloat16, in which such models are published, unless the file has everything in float32."""
    exact = all(tensor.tensor_type == GGMLQuantizationType.F32 for tensor in reader.tensors)
    return torch.float32 if exact else torch.bfloat16


@torch.no_grad()
def _tie_copies(network: Any, reader: GGUFReader) -> bool:
    """
    Ties embeddings and output head where they are one matrix that the file stores twice, keeping
    the copy with more bits; whether it did.
    """
    embeddings: Tensor = network.get_input_embeddings().weight
    head: Tensor = network.get_output_embeddings().weight
    similarity = cosine_similarity(embeddings.flatten().float(), head.flatten().float(), dim=0)
    # False also where a weight is NaN.
    if not float(similarity) >= SAME_MATRIX:
        return False
    bits = {tensor.name: _bits_per_weight(tensor.tensor_type) for tensor in reader.tensors}
    if bits["output.weight"] > bits["token_embd.weight"]:
        embeddings.copy_(head)
    network.get_output_embeddings().weight = network.get_input_embeddings().weight
    return True


def _bits_per_weight(kind: GGMLQuantizationType) -> float:
    weights, size = GGML_QUANT_SIZES[kind]
    return 8 * size / weights


def _write_json(file: Path, value: dict[str, Any]) -> None:
    file.write_text(json.dumps(value, indent=2, ensure_ascii=False), encoding="utf-8")
