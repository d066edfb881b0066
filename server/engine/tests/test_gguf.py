"""A GGUF file of a known model, written as llama.cpp lays it out, becomes that model again."""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Callable
from pathlib import Path

import gguf
import numpy
import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

from azr_engine.errors import EngineError
from azr_engine.gguf_conversion import convert_gguf
from azr_engine.gguf_tokenizer import PRE_TOKENIZERS
from azr_engine.obtain import obtain
from azr_engine.policy import load_policy

HEADS = {"llama": (4, 4), "qwen2": (4, 2)}
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
WORDS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
LETTERS = [chr(code) for code in range(33, 64)]
MERGES = [("h", "e"), ("l", "l"), ("he", "ll")]


def _rows_of_file(kind: str, name: str, values: numpy.ndarray) -> numpy.ndarray:
    """llama.cpp's order of query and key rows: the halves of each rotated pair are neighbours."""
    if kind != "llama" or not name.endswith(("q_proj.weight", "k_proj.weight")):
        return values
    rows = values.shape[0]
    heads = HEADS[kind][0 if "q_proj" in name else 1]
    width = rows // heads
    reordered = numpy.empty_like(values)
    for head in range(heads):
        for pair in range(width // 2):
            reordered[head * width + 2 * pair] = values[head * width + pair]
            reordered[head * width + 2 * pair + 1] = values[head * width + width // 2 + pair]
    return reordered


def write_gguf(
    kind: str,
    source: Path,
    path: Path,
    quantization: gguf.GGMLQuantizationType | None = None,
    *,
    leave_out: str = "",
    twice: bool = False,
    parts: int = 1,
) -> None:
    """With `twice`, a tied matrix is stored again as the output head, in 8 bits."""
    config = json.loads((source / "config.json").read_text())
    tokens = [*WORDS, *LETTERS, "h", "e", "l", "Ġ", "he", "ll"]
    writer = gguf.GGUFWriter(path, kind)
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(10_000.0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([3, 3, 3, *[1] * (len(tokens) - 3)])
    writer.add_token_merges(["h e", "l l"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(0)
    writer.add_eot_token_id(5)
    writer.add_uint16("split.count", parts)
    writer.add_add_bos_token(True)
    writer.add_chat_template("{{ messages[0]['content'] }}")
    short = {long: name for name, long in LAYER_NAMES.items()}
    outer = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
    for name, tensor in load_file(source / "model.safetensors").items():
        base, ending = name.rsplit(".", 1)
        if base in outer:
            stored = outer[base]
        else:
            _, _, layer, part = base.split(".", 3)
            stored = f"blk.{layer}.{short[part]}"
        if stored == leave_out:
            continue
        values = _rows_of_file(kind, name, tensor.numpy())
        if quantization is not None and values.ndim == 2 and values.shape[1] % 32 == 0:
            packed = gguf.quantize(values, quantization)
            writer.add_tensor(f"{stored}.{ending}", packed, raw_dtype=quantization)
        else:
            writer.add_tensor(f"{stored}.{ending}", values)
        if twice and stored == "token_embd":
            finer = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor("output.weight", gguf.quantize(values, finer), raw_dtype=finer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _logits(folder: Path) -> torch.Tensor:
    inputs = torch.tensor([[5, 9, 2, 14, 7, 30, 21]])
    with torch.no_grad():
        return load_policy(folder, lora=None).network(input_ids=inputs).logits


@pytest.mark.parametrize("kind", ["llama", "qwen2"])
def test_float32_gives_the_same_model_bit_for_bit(
    model_folder: Callable[[str], Path], tmp_path: Path, kind: str
) -> None:
    write_gguf(kind, model_folder(kind), tmp_path / "model.gguf")
    folder = obtain(str(tmp_path / "model.gguf"), tmp_path / "models", lambda _line: None)
    assert torch.equal(_logits(folder), _logits(model_folder(kind)))
    # A second time, nothing is made.
    before = (folder / "model.safetensors").stat().st_mtime_ns
    again = obtain(str(tmp_path / "model.gguf"), tmp_path / "models", lambda _line: None)
    assert again == folder and (folder / "model.safetensors").stat().st_mtime_ns == before
    assert [entry.name for entry in (tmp_path / "models").iterdir()] == [folder.name]


def test_quantized_weights_are_those_of_the_quantizer(
    model_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    """
    8 bits: no weight is further off than half a step of its block of 32, and 127 times what the
    step loses in float16, which is 127 / 2048 of it; and half a unit in bfloat16's last place.
    """
    write_gguf(
        *("llama", model_folder("llama"), tmp_path / "model.gguf"),
        gguf.GGMLQuantizationType.Q8_0,
    )
    folder = tmp_path / "converted"
    folder.mkdir()
    convert_gguf(tmp_path / "model.gguf", folder)
    original = load_file(model_folder("llama") / "model.safetensors")
    for name, values in load_file(folder / "model.safetensors").items():
        expected = original[name]
        assert values.dtype == torch.bfloat16 and values.shape == expected.shape
        if expected.ndim == 2 and expected.shape[1] % 32 == 0:
            blocks = expected.reshape(-1, 32)
            step = blocks.abs().amax(dim=1, keepdim=True) / 127
            off = (values.float().reshape(-1, 32) - blocks).abs()
            rounding = values.float().reshape(-1, 32).abs() / 256
            assert (off <= (0.5 + 127 / 2048 + 0.001) * step + rounding).all() and off.max() > 0


def test_a_tied_matrix_that_is_stored_twice_stays_tied(
    model_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    """The copy in 8 bits is kept, not that in 4; without a second copy there is nothing finer."""
    source, four = model_folder("llama"), gguf.GGMLQuantizationType.Q4_0
    original = load_file(source / "model.safetensors")["model.embed_tokens.weight"]
    off: dict[bool, float] = {}
    for twice in (False, True):
        folder = tmp_path / str(twice)
        folder.mkdir()
        write_gguf("llama", source, tmp_path / "model.gguf", four, twice=twice)
        convert_gguf(tmp_path / "model.gguf", folder)
        weights = load_file(folder / "model.safetensors")
        assert "lm_head.weight" not in weights
        assert json.loads((folder / "config.json").read_text())["tie_word_embeddings"]
        assert torch.isfinite(_logits(folder)).all()
        off[twice] = float((weights["model.embed_tokens.weight"].float() - original).abs().max())
    assert off[True] < off[False] / 4


def test_two_matrices_stay_two(model_folder: Callable[[str], Path], tmp_path: Path) -> None:
    eight = gguf.GGMLQuantizationType.Q8_0
    write_gguf("qwen2", model_folder("qwen2"), tmp_path / "model.gguf", eight)
    folder = tmp_path / "converted"
    folder.mkdir()
    convert_gguf(tmp_path / "model.gguf", folder)
    weights = load_file(folder / "model.safetensors")
    assert not torch.equal(weights["lm_head.weight"], weights["model.embed_tokens.weight"])


@pytest.mark.parametrize("missing", ["blk.1.ffn_up", "token_embd"])
def test_a_file_that_lacks_a_tensor_is_refused(
    model_folder: Callable[[str], Path], tmp_path: Path, missing: str
) -> None:
    write_gguf("llama", model_folder("llama"), tmp_path / "model.gguf", leave_out=missing)
    with pytest.raises(EngineError, match=f"no tensor {missing}.weight") as caught:
        obtain(str(tmp_path / "model.gguf"), tmp_path / "models", lambda _line: None)
    assert caught.value.code == "gguf_unusable"
    assert list((tmp_path / "models").iterdir()) == []


def test_a_part_of_a_split_file_is_refused(
    model_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    write_gguf("llama", model_folder("llama"), tmp_path / "model.gguf", parts=3)
    with pytest.raises(EngineError, match="is part 1 of 3 of a model") as caught:
        obtain(str(tmp_path / "model.gguf"), tmp_path / "models", lambda _line: None)
    assert "--merge" in caught.value.remedy


def test_nothing_beside_the_file_is_read(
    model_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    """Such as an adapter that would lead to another model, or another model's settings."""
    write_gguf("llama", model_folder("llama"), tmp_path / "model.gguf")
    for name in ("config.json", "adapter_config.json", "generation_config.json"):
        (tmp_path / name).write_text("no JSON")
    folder = obtain(str(tmp_path / "model.gguf"), tmp_path / "models", lambda _line: None)
    assert torch.equal(_logits(folder), _logits(model_folder("llama")))


def test_texts_end_where_the_file_says(model_folder: Callable[[str], Path], tmp_path: Path) -> None:
    write_gguf("llama", model_folder("llama"), tmp_path / "model.gguf")
    folder = tmp_path / "converted"
    folder.mkdir()
    convert_gguf(tmp_path / "model.gguf", folder)
    configuration = json.loads((folder / "tokenizer_config.json").read_text())
    assert configuration["eos_token"] == "<|im_end|>"
    assert configuration["bos_token"] == "<|im_start|>"
    assert configuration["pad_token"] == "<|endoftext|>"
    assert configuration["chat_template"] == "{{ messages[0]['content'] }}"
    assert configuration["add_bos_token"] is True
    # The end of a text, that of a turn, and what llama.cpp knows by its text: <|endoftext|>.
    assert load_policy(folder, lora=None).end_tokens == [2, 5, 0]
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    # Merged as far as the merges go; a digit stands alone; a special token is one.
    encoded = tokenizer.encode("hell 12<|im_end|>", add_special_tokens=False)
    names = [tokenizer.id_to_token(i) for i in encoded.ids]
    assert names == ["he", "ll", "Ġ", "1", "2", "<|im_end|>"]
    assert tokenizer.decode(tokenizer.encode("hell 12").ids) == "hell 12"
    assert tokenizer.encode("he").tokens == ["<|im_start|>", "he"]


def test_digits_stand_alone_and_leave_the_spaces_before_them_together() -> None:
    """As SmolLM's own tokenizer splits; GPT-2's would put one space with the digits."""
    split = PRE_TOKENIZERS["smollm"]().pre_tokenize_str("a  12")
    assert [part for part, _ in split] == ["a", "ĠĠ", "1", "2"]


@pytest.mark.parametrize("damage", ["cut", "text", "architecture", "tokenizer"])
def test_what_cannot_be_converted_is_refused(
    model_folder: Callable[[str], Path], tmp_path: Path, damage: str
) -> None:
    path = tmp_path / "model.gguf"
    write_gguf("llama", model_folder("llama"), path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:4000])
    elif damage == "tokenizer":
        path.write_bytes(path.read_bytes().replace(b"smollm", b"slolmm"))
    elif damage == "text":
        path.write_text("not a model at all")
    else:
        path.write_bytes(path.read_bytes().replace(b"llama", b"mamba"))
    with pytest.raises(EngineError) as caught:
        obtain(str(path), tmp_path / "models", lambda _line: None)
    assert caught.value.code == "gguf_unusable"
    assert list((tmp_path / "models").iterdir()) == []


def _gguf(tensors: int, fields: int, rest: bytes) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, fields) + rest


def _field(kind: int, value: bytes) -> bytes:
    return struct.pack("<Q", 1) + b"x" + struct.pack("<I", kind) + value


NESTED = struct.pack("<IQ", 9, 1) * 200_000 + struct.pack("<IQ", 4, 0)
HOSTILE = {
    "arrays in arrays": _gguf(0, 1, _field(9, NESTED)),
    "a long array": _gguf(0, 1, _field(9, struct.pack("<IQ", 4, 2**40))),
    "many items": _gguf(0, 1, _field(9, struct.pack("<IQ", 0, 5_000_000) + bytes(5_000_000))),
    "a long text": _gguf(0, 1, _field(8, struct.pack("<Q", 2**63))),
    "many fields": _gguf(0, 2**60, b""),
    "many tensors": _gguf(2**60, 0, b""),
    "many dimensions": _gguf(1, 0, struct.pack("<QI", 0, 2**31) + bytes(64)),
    "an odd type": _gguf(0, 1, _field(99, bytes(8))),
    "nothing": b"",
    "no more than its magic": b"GGUF",
    "a tensor of more numbers than there are": _gguf(
        1, 0, struct.pack("<QIQQIQ", 0, 2, 2**40, 2**40, 0, 0) + bytes(64)
    ),
    "a text for the name of its architecture": _gguf(
        0,
        1,
        struct.pack("<Q", 20)
        + b"general.architecture"
        + struct.pack("<IQ", 8, 10**6)
        + b"A\nB" * 333_334,
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_lengths_that_a_file_claims_are_compared_with_the_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(HOSTILE[name])
    started = time.monotonic()
    with pytest.raises(EngineError) as caught:
        obtain(str(path), tmp_path / "models", lambda _line: None)
    assert caught.value.code == "gguf_unusable"
    assert len(caught.value.message) <= 600 and "\n" not in caught.value.message
    assert time.monotonic() - started < 2
