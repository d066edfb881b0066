"""A checkpoint that is not whole is refused before anything of it is loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from azr_engine.adapters import LoraSettings
from azr_engine.checkpoints import CheckpointStore
from azr_engine.errors import EngineError
from azr_engine.packing import MicroBatchLimits
from azr_engine.policy import load_policy
from azr_engine.probing import probe
from azr_engine.training import Trainer

FILES = ("checkpoint.json", "weights.safetensors", "optimizer.safetensors", "random.safetensors")
PATH = "tinker://model/weights/step-000001"


@pytest.fixture
def trainer(model_folder: Callable[[str], Path]) -> Trainer:
    policy = load_policy(model_folder("llama"), LoraSettings(rank=2, alpha=2.0, seed=1))
    return Trainer(policy, probe(policy), MicroBatchLimits(tokens=512), False)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def replace(file: Path) -> None:
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", [Path.unlink, cut, replace])
def test_a_damaged_file_is_named_and_changes_no_weight(
    trainer: Trainer, tmp_path: Path, name: str, damage: Callable[[Path], None]
) -> None:
    store = CheckpointStore(tmp_path)
    store.save_training(PATH, trainer)
    with torch.no_grad():
        for _, parameter in trainer.policy.trainable_parameters():
            parameter.add_(1.0)
    before = [value.clone() for _, value in trainer.policy.trainable_parameters()]
    damage(tmp_path / "step-000001" / name)
    with pytest.raises(EngineError) as caught:
        store.load_training(PATH, trainer, optimizer=True)
    assert caught.value.code == "checkpoint_damaged"
    assert name in caught.value.message or name == "checkpoint.json"
    assert "--back-to" in caught.value.remedy
    after = [value for _, value in trainer.policy.trainable_parameters()]
    assert all(map(torch.equal, before, after))
