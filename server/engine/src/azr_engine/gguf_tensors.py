"""The tensors of a GGUF file by their names in transformers, each of them there and of its size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import torch
from gguf import GGMLQuantizationType, GGUFReader, dequantize
from torch import Tensor
from transformers.models.auto.modeling_auto import AutoModelForCausalLM

from azr_engine.gguf_metadata import Metadata, unusable

EMBEDDINGS = "model.embed_tokens.weight"
HEAD = "lm_head.weight"
# The cosine of a matrix and itself at two bits per weight is above, that of two matrices far below.
SAME_MATRIX = 0.9
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


def read_tensors(reader: GGUFReader, metadata: Metadata) -> dict[str, Tensor]:
    """Throws EngineError `gguf_unusable` for a tensor that no known architecture has."""
    kept = _kept_numbers(reader)
    tensors: dict[str, Tensor] = {}
    bits: dict[str, float] = {}
    for tensor in reader.tensors:
        name = _tensor_name(tensor.name)
        if name is None:
            raise unusable(metadata.path, f"it has a tensor {tensor.name} that is not known here")
        values = dequantize(tensor.data, tensor.tensor_type).astype(numpy.float32)
        array = values.reshape(tuple(int(size) for size in reversed(tensor.shape)))
        ordered = torch.from_numpy(_in_rotary_order(array, name, metadata).copy())
        tensors[name] = ordered.to(kept)
        bits[name] = 8 * int(tensor.n_bytes) / int(tensor.n_elements)
    _tie(tensors, bits)
    return tensors


def _kept_numbers(reader: GGUFReader) -> torch.dtype:
    """
    bfloat16 holds what few bits tell, in half the bytes; a file of float32 or float16 stays as
    exact as it is.
    """
    exact = (GGMLQuantizationType.F32, GGMLQuantizationType.F16)
    matrices = [tensor for tensor in reader.tensors if len(tensor.shape) > 1]
    whole = sum(int(tensor.n_elements) for tensor in matrices)
    exactly = sum(int(tensor.n_elements) for tensor in matrices if tensor.tensor_type in exact)
    return torch.float32 if 2 * exactly >= whole else torch.bfloat16


def _tie(tensors: dict[str, Tensor], bits: dict[str, float]) -> None:
    """
    Files of a model with one matrix for its first and last layer may hold it twice, rounded to
    different numbers of bits: the finer copy stays.
    """
    embeddings, head = tensors.get(EMBEDDINGS), tensors.get(HEAD)
    if embeddings is None or head is None or embeddings.shape != head.shape:
        return
    first, last = embeddings.float().flatten(), head.float().flatten()
    # Two matrices that were trained apart are nearly at right angles.
    if float(torch.nn.functional.cosine_similarity(first, last, dim=0)) < SAME_MATRIX:
        return
    if bits[HEAD] > bits[EMBEDDINGS]:
        tensors[EMBEDDINGS] = head
    del tensors[HEAD]


def check_tensors(configuration: Any, tensors: dict[str, Tensor], path: Path) -> None:
    """Refuses a file whose tensors are not those of the model that its metadata describes."""
    with torch.device("meta"):
        network = AutoModelForCausalLM.from_config(configuration)
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    if configuration.tie_word_embeddings:
        expected.pop(HEAD, None)
    for names, what in (
        (sorted(expected.keys() - tensors.keys()), "it lacks"),
        (sorted(tensors.keys() - expected.keys()), "its metadata leaves out"),
    ):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise unusable(path, f"{what} {_name_in_file(names[0])}{more}")
    for name, shape in expected.items():
        if tuple(tensors[name].shape) != shape:
            sizes = f"{list(tensors[name].shape)}, and by its metadata {list(shape)}"
            raise unusable(path, f"its tensor {_name_in_file(name)} is {sizes}")


def _name_in_file(name: str) -> str:
    """The reverse of _tensor_name."""
    base, _, kind = name.rpartition(".")
    outer = {long: short for short, long in GLOBAL_NAMES.items()}
    if base in outer:
        return f"{outer[base]}.{kind}"
    _, _, layer, part = base.split(".", 3)
    inner = {long: short for short, long in LAYER_NAMES.items()}
    return f"blk.{layer}.{inner.get(part, part)}.{kind}"


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
