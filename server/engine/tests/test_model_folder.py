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

from azr_engine.errors import EngineError
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
    assert error.code == "model_not_loadable"
    assert len(error.message) <= 600 and "\n" not in error.message
