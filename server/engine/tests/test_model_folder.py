"""A model folder of somebody else runs no code: no pickle of it is read, no program loaded."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from azr_engine.errors import EngineError
from azr_engine.inspect_model import inspect_model
from azr_engine.model_folder import check_model_folder
from azr_engine.policy import context_length, load_policy


@pytest.fixture
def folder(model_folder: Callable[[str], Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(model_folder("llama"), tmp_path / "model"))


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "canary"


class Touch:
    """Writes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.file,)


def change_config(folder: Path, **more: object) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **more}))


def refusal(folder: Path) -> EngineError:
    with pytest.raises(EngineError) as caught:
        load_policy(folder, lora=None)
    # What is looked at before a run is what the run would meet.
    with pytest.raises(EngineError) as looked:
        inspect_model(folder)
    assert looked.value.payload() == caught.value.payload()
    assert str(folder) in str(caught.value.payload()["error"])
    assert caught.value.payload()["remedy"]
    return caught.value


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "adapter_model.bin"])
def test_pickled_weights_are_not_read(folder: Path, canary: Path, name: str) -> None:
    (folder / "model.safetensors").unlink()
    (folder / name).write_bytes(pickle.dumps(Touch(canary)))
    error = refusal(folder)
    assert error.code == "weights_not_safetensors"
    assert name in str(error.payload()["error"])
    assert not canary.exists()


def test_weights_that_transformers_would_unpickle_are_not_read_either(folder: Path) -> None:
    weights = load_policy(folder, lora=None).network.state_dict()
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    assert refusal(folder).code == "weights_not_safetensors"


@pytest.mark.parametrize(
    "part", ["part.bin", "../other/model.safetensors", "/tmp/model.safetensors", 7]
)
def test_an_index_names_safetensors_beside_it_only(folder: Path, part: object) -> None:
    (folder / "model.safetensors").unlink()
    index = {"metadata": {}, "weight_map": {"model.norm.weight": part}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert refusal(folder).code == "weights_not_safetensors"


def test_a_configuration_names_no_file_of_weights(folder: Path, canary: Path) -> None:
    (folder / "adapter_model.bin").write_bytes(pickle.dumps(Touch(canary)))
    change_config(folder, transformers_weights="adapter_model.bin")
    assert refusal(folder).code == "weights_not_safetensors"
    assert not canary.exists()


def test_no_adapter_beside_a_model_leads_to_another_one(folder: Path, canary: Path) -> None:
    adapter = {"peft_type": "LORA", "base_model_name_or_path": "somebody/else"}
    (folder / "adapter_config.json").write_text(json.dumps(adapter))
    (folder / "adapter_model.bin").write_bytes(pickle.dumps(Touch(canary)))
    assert refusal(folder).code == "model_is_adapter"
    assert not canary.exists()


def test_code_of_a_model_is_never_run_nor_asked_about(folder: Path, canary: Path) -> None:
    program = f"open({str(canary)!r}, 'w').close()\nclass Own:\n    pass\n"
    (folder / "own.py").write_text(program)
    own = {"AutoConfig": "own.Own", "AutoModelForCausalLM": "own.Own"}
    # Where transformers has the architecture itself, it uses its own.
    change_config(folder, auto_map=own)
    assert load_policy(folder, lora=None).context_tokens > 0
    change_config(folder, auto_map=own, model_type="one-of-its-own")
    assert refusal(folder).code == "model_has_own_code"
    with pytest.raises(EngineError):
        context_length(folder)
    assert not canary.exists()


@pytest.mark.parametrize("text", ["[]", "{", "[" * 100_000])
def test_a_broken_configuration_is_refused_with_its_name(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text)
    with pytest.raises(EngineError) as caught:
        check_model_folder(folder)
    assert "config.json" in str(caught.value.payload()["error"])


@pytest.mark.parametrize(
    "change",
    [
        {"vocab_size": 100_000_000},
        {"vocab_size": 1e8},
        {"num_hidden_layers": 10_000_000},
        {"intermediate_size": 2**40},
        {"hidden_size": 2**20},
        {"nested": {"vocab_size": 10**9, "hidden_size": 4096}},
    ],
)
def test_a_configuration_does_not_outgrow_the_weights(
    folder: Path, change: dict[str, object]
) -> None:
    change_config(folder, **change)
    with pytest.raises(EngineError) as caught:
        check_model_folder(folder)
    assert caught.value.code == "model_not_loadable"
    assert "config.json describes a larger model" in caught.value.message


@pytest.mark.parametrize(
    "change",
    [
        {"vocab_size": "many"},
        {"vocab_size": 7},
        {"text_config": {"hidden_size": 8}},
        {"max_position_embeddings": "long"},
        {"eos_token_id": {"a": 1}},
        {"num_attention_heads": 0},
        {"rope_parameters": 7, "rope_scaling": 7},
        {"hidden_act": "none\nthat is known" + "!" * 10_000},
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(
    folder: Path, change: dict[str, object]
) -> None:
    change_config(folder, **change)
    error = refusal(folder)
    assert error.code in ("model_not_loadable", "weights_do_not_fit")
    assert len(error.message) <= 600 and "\n" not in error.message


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def store(folder: Path, weights: dict[str, torch.Tensor]) -> None:
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def test_a_tensor_that_is_missing_is_named(folder: Path) -> None:
    weights = weights_of(folder)
    del weights["model.layers.1.mlp.up_proj.weight"]
    store(folder, weights)
    error = refusal(folder)
    assert error.code == "weights_do_not_fit"
    assert "lack: model.layers.1.mlp.up_proj.weight." in error.message


def test_layers_that_only_the_configuration_has_are_not_made_up(folder: Path) -> None:
    change_config(folder, num_hidden_layers=3)
    error = refusal(folder)
    assert error.code == "weights_do_not_fit"
    # Nine tensors to a layer of Llama: four of attention, three of the network, two norms.
    assert "model.layers.2." in error.message and "and 6 more" in error.message


def test_layers_that_the_configuration_leaves_out_are_not_left_out(folder: Path) -> None:
    change_config(folder, num_hidden_layers=1)
    error = refusal(folder)
    assert error.code == "weights_do_not_fit"
    assert "config.json leaves out: model.layers.1." in error.message


def test_a_bias_that_the_configuration_leaves_out_is_not_left_out(folder: Path) -> None:
    store(folder, {**weights_of(folder), "model.layers.0.self_attn.q_proj.bias": torch.ones(32)})
    assert "leaves out: model.layers.0.self_attn.q_proj.bias." in refusal(folder).message


def test_parts_that_a_language_model_does_without_may_be_there(folder: Path) -> None:
    more = {
        "vision.layers.0.weight": torch.ones(4),
        "model.layers.0.rotary.inv_freq": torch.ones(4),
    }
    store(folder, {**weights_of(folder), **more})
    assert load_policy(folder, lora=None).context_tokens > 0
    inspect_model(folder)


def test_sizes_that_do_not_fit_are_named(folder: Path) -> None:
    name = "model.layers.0.mlp.up_proj.weight"
    store(folder, {**weights_of(folder), name: torch.ones(3, 5)})
    error = refusal(folder)
    assert error.code == "weights_do_not_fit"
    assert f"{name} is 3x5 in the weights, 48x32 by config.json" in error.message


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(folder: Path, value: float) -> None:
    weights = weights_of(folder)
    weights["model.norm.weight"][3] = value
    store(folder, weights)
    error = refusal(folder)
    assert error.code == "weights_not_finite"
    assert "model.norm.weight" in error.message


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda data: data[:-1], "it was cut"),
        (lambda data: data[:100], "ends within its header"),
        (lambda _: b"", "it has 0 bytes"),
        (lambda _: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS"),
    ],
)
def test_weights_that_are_not_whole_are_refused_without_pytorch(
    folder: Path, content: Callable[[bytes], bytes], reason: str
) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(content(file.read_bytes()))
    with pytest.raises(EngineError) as caught:
        check_model_folder(folder)
    assert str(file) in caught.value.message and reason in caught.value.message
    assert ("git lfs pull" in caught.value.remedy) == (reason == "Git LFS")


def test_every_part_of_an_index_is_there_with_its_tensors(folder: Path) -> None:
    weights = weights_of(folder)
    (folder / "model.safetensors").rename(folder / "part-1.safetensors")
    index = {"weight_map": dict.fromkeys(weights, "part-1.safetensors")}
    file = folder / "model.safetensors.index.json"
    file.write_text(json.dumps(index))
    check_model_folder(folder)
    index["weight_map"]["model.more.weight"] = "part-1.safetensors"
    file.write_text(json.dumps(index))
    with pytest.raises(EngineError, match=r"says that it has model\.more\.weight"):
        check_model_folder(folder)
    index["weight_map"]["model.more.weight"] = "part-2.safetensors"
    file.write_text(json.dumps(index))
    with pytest.raises(EngineError, match=r"part-2\.safetensors cannot be used"):
        check_model_folder(folder)


def test_quantised_weights_are_refused(folder: Path) -> None:
    change_config(folder, quantization_config={"quant_method": "gptq", "bits": 4})
    error = refusal(folder)
    assert error.code == "model_is_quantized" and "gptq" in error.message


def test_answers_end_with_every_token_that_the_folder_names(folder: Path) -> None:
    # The tests' tokenizer has <pad> as token 0 and <end> as token 1.
    change_config(folder, eos_token_id=7)
    (folder / "generation_config.json").write_text('{"eos_token_id": [9, 7]}')
    assert load_policy(folder, lora=None).end_tokens == [7, 9]
    for named in ("<end>", {"content": "<end>"}):
        (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": named}))
        assert load_policy(folder, lora=None).end_tokens == [7, 9, 1]
    (folder / "tokenizer_config.json").write_text('{"eos_token": "<unknown>"}')
    assert load_policy(folder, lora=None).end_tokens == [7, 9]
