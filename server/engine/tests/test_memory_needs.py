"""What models need, asked of the command; and whose memory counts."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import CONTEXT, VOCABULARY

from azr_engine.device_plan import plan_for_device
from azr_engine.errors import DoesNotFitError, EngineError
from azr_engine.fields import Fields
from azr_engine.machine_memory import limits, machine_memory_mb
from azr_engine.memory_demand import MemoryDemand
from azr_engine.memory_plan import MemoryPlan
from azr_engine.model_shape import ModelShape, read_model_shape
from azr_engine.policy import load_policy

PACKAGE = Path(__file__).parent.parent / "src"
DEMAND = {
    "trainable": "lora",
    "lora_rank": 8,
    "prompt_tokens": 64,
    "completion_tokens": 64,
    "rows": 8,
}


def ask(request: object) -> Any:
    """What the command prints, without the packages that an engine needs (-S)."""
    done = subprocess.run(
        [sys.executable, "-S", "-m", "azr_engine.memory_needs"],
        env={**os.environ, "PYTHONPATH": str(PACKAGE)},
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_one_command_answers_for_all_models(
    model_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    models = [str(model_folder("llama")), "smollm2-135m", str(tmp_path)]
    questions = [{"model": model, "demand": DEMAND} for model in models]
    request = {"device": "cuda", "memory_mb": 4000, "questions": questions}
    small, packaged, missing = ask(request)
    assert small["fits"] and small["usable_mb"] == 3680
    assert small["parameters"] == load_policy(Path(models[0]), None).parameter_count()
    assert packaged["parameters"] == 134_515_008
    assert packaged["wanted_mb"] > small["wanted_mb"]
    assert missing["code"] == "model_not_found" and missing["remedy"]


def test_without_memory_of_its_own_a_device_has_the_machines() -> None:
    questions = [{"model": "smollm2-135m", "demand": DEMAND}]
    (answer,) = ask({"device": "cpu", "questions": questions})
    assert answer["usable_mb"] == int(machine_memory_mb() * 0.75)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("qwen2", (2, 32, 48, 32, 16)),
        # Names of its own, and four times the width where it names none.
        ("gpt2", (2, 32, 128, 32, 32)),
    ],
)
def test_a_shape_is_read_by_each_architectures_names(
    model_folder: Callable[[str], Path], name: str, expected: tuple[int, ...]
) -> None:
    shape = read_model_shape(model_folder(name))
    widths = (shape.hidden, shape.intermediate, shape.query_width, shape.key_width)
    assert (shape.layers, *widths) == expected
    assert (shape.vocabulary, shape.context_tokens) == (VOCABULARY, CONTEXT)


def test_weights_count_once_whatever_lies_beside_them(
    model_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = model_folder("llama")
    weights = folder / "model.safetensors"
    (tmp_path / "config.json").write_text((folder / "config.json").read_text())
    for name in ("part-1", "part-2", "consolidated", "adapter_model"):
        shutil.copy(weights, tmp_path / f"{name}.safetensors")
    parts = {"a": "part-1.safetensors", "b": "part-1.safetensors", "c": "part-2.safetensors"}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": parts}))
    once = read_model_shape(folder).parameters
    assert read_model_shape(tmp_path).parameters == 2 * once
    shutil.copy(weights, tmp_path / "model.safetensors")
    assert read_model_shape(tmp_path).parameters == once


def test_sizes_that_are_none_are_taken_from_the_proportions_of_llama(
    model_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    shutil.copy(model_folder("llama") / "model.safetensors", tmp_path)
    config = tmp_path / "config.json"
    config.write_text('{"hidden_size": 1e999, "vocab_size": NaN, "num_hidden_layers": true}')
    shape = read_model_shape(tmp_path)
    hidden = int((64 * shape.parameters / 12) ** (1 / 3) + 0.5)
    assert shape == ModelShape(shape.parameters, 1, hidden, 4 * hidden, hidden, hidden, 50_000, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes in folders")
@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_pipe_is_not_waited_for(
    model_folder: Callable[[str], Path], tmp_path: Path, name: str
) -> None:
    for file in ("config.json", "model.safetensors"):
        shutil.copy(model_folder("llama") / file, tmp_path)
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    with pytest.raises(EngineError):
        read_model_shape(tmp_path)


def write_weights(folder: Path, shape: list[int]) -> None:
    """A file of one tensor, of which it has the header alone."""
    tensor = {"dtype": "BF16", "shape": shape, "data_offsets": [0, 0]}
    header = json.dumps({"weight": tensor}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)


@pytest.mark.parametrize("shape", [[], [1 << 52] * 99, [-3, 5], [0]])
def test_shapes_from_anybody_are_answered(tmp_path: Path, shape: list[int]) -> None:
    (tmp_path / "config.json").write_text("{}")
    write_weights(tmp_path, shape)
    questions = [{"model": str(tmp_path), "demand": DEMAND}]
    (answer,) = ask({"device": "cpu", "questions": questions})
    if shape:
        assert answer["code"] == "model_not_loadable"
    else:
        # One number is a model of one weight, however little sense that makes.
        assert answer["parameters"] == 1


def test_an_engine_refuses_what_does_not_fit_with_its_numbers(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    write_weights(tmp_path, [1 << 30, 1 << 20])
    with pytest.raises(DoesNotFitError) as refused:
        plan_for_device(tmp_path, MemoryDemand.parse(Fields(DEMAND)))
    payload = refused.value.payload()
    assert (payload["code"], payload["category"]) == ("does_not_fit", "user")
    assert payload["details"]["parts"]["weights"] > (1 << 50) * 4
    assert not payload["details"]["fits"]
    assert plan_for_device(tmp_path, None) == MemoryPlan()


def test_a_container_has_the_least_of_the_limits_above_it(tmp_path: Path) -> None:
    own = tmp_path / "cgroup"
    own.write_text("5:cpu:/elsewhere\n4:memory:/old/inner\n0::/new/inner\n")
    for file, text in {
        "new/inner/memory.max": "max",
        "new/inner/memory.high": "3000",
        "new/memory.max": "2000",
        "memory/old/memory.limit_in_bytes": "9223372036854771712",
        "cpu/elsewhere/memory.max": "1",
    }.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(f"{text}\n")
    assert sorted(limits(own, tmp_path)) == [2000, 3000, 9223372036854771712]
    assert limits(tmp_path / "none", tmp_path) == []
