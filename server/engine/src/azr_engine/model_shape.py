"""
The shape of a model, read from the files in its folder: how many weights, how wide, how deep.
Without PyTorch and without reading a weight, so that asking takes a moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, cast

from azr_engine.errors import EngineError
from azr_engine.model_folder import COPY, read_object, weight_files
from azr_engine.tensor_files import DamagedFileError, read_tensor_header

# A configuration may come from anybody. No size of a model is near this.
LARGEST_SIZE = 2**53


@dataclass(frozen=True)
class ModelShape:
    """What decides the memory of a decoder-only transformer."""

    parameters: int
    layers: int
    # Width of the residual stream.
    hidden: int
    # Width of the feed-forward layers.
    intermediate: int
    # All query heads together.
    query_width: int
    # All key heads together.
    key_width: int
    vocabulary: int
    # Longest sequence; 0 when the model names none.
    context_tokens: int


def read_model_shape(folder: Path) -> ModelShape:
    """Throws EngineError for a folder without a configuration and weights in safetensors."""
    try:
        headers = [read_tensor_header(file) for file in weight_files(folder)]
        config = read_object(folder / "config.json")
    except (DamagedFileError, OSError) as error:
        message = f"The model in {folder} cannot be used: {error}."
        raise EngineError("model_not_loadable", message, COPY) from error
    tensors = [tensor for header in headers for tensor in header.values()]
    parameters = sum(prod(tensor.shape) for tensor in tensors)
    if not 0 < parameters < LARGEST_SIZE:
        message = f"The model in {folder} cannot be used: its weights have impossible shapes."
        raise EngineError("model_not_loadable", message, COPY)
    return _shape(config, parameters)


def _shape(config: dict[str, Any], parameters: int) -> ModelShape:
    """
    The names that architectures of transformers have for the same. What a configuration does not
    tell is taken from the proportions of Llama: 12 weights per layer and square of the width, heads
    of 64.
    """
    inner = config.get("text_config")
    known = {**config, **(cast(dict[str, Any], inner) if isinstance(inner, dict) else {})}

    def read(*names: str) -> int | None:
        return next((int(known[name]) for name in names if _is_size(known.get(name))), None)

    hidden = read("hidden_size", "n_embd", "d_model") or _rounded((64 * parameters / 12) ** (1 / 3))
    heads = read("num_attention_heads", "n_head") or max(1, _rounded(hidden / 64))
    head_width = read("head_dim") or hidden / heads
    return ModelShape(
        parameters=parameters,
        layers=read("num_hidden_layers", "n_layer") or max(1, _rounded(hidden / 64)),
        hidden=hidden,
        intermediate=read("intermediate_size", "n_inner") or 4 * hidden,
        query_width=_rounded(heads * head_width),
        key_width=_rounded((read("num_key_value_heads") or heads) * head_width),
        vocabulary=read("vocab_size") or 50_000,
        context_tokens=read("max_position_embeddings", "n_positions") or 0,
    )


def _is_size(value: object) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and 1 <= cast(float, value) < LARGEST_SIZE


def _rounded(number: float) -> int:
    return int(number + 0.5)
