"""
Checkpoints on disk: weights, their average if one is kept, optimizers and random state. A
checkpoint is written beside its final place and renamed, so it is complete or absent. Accumulated
gradients are not part of one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from azr_engine.averaging import WeightAverage
from azr_engine.checkpoint_files import read_checkpoint_state
from azr_engine.errors import EngineError, invalid_request
from azr_engine.muon import MuonWithAdamW
from azr_engine.policy import Policy
from azr_engine.training import Trainer

FORMAT_VERSION = 2
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_PATH = re.compile(rf"tinker://({_NAME.pattern})/(weights|sampler_weights)/({_NAME.pattern})")
# Prefix of Muon's state in optimizer.safetensors; the state of the policy's AdamW has none.
_MUON = "muon/"
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")


class CheckpointStore:
    """
    Checkpoints `tinker://<model>/<kind>/<name>`, each a folder `<root>/<name>`. Names are shared by
    all models of a server: a model created after a restart has another id and must find them.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, model_id: str, kind: str, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise invalid_request(
                f"Checkpoint name {name!r} must be letters, digits, dots, dashes and underscores."
            )
        return f"tinker://{model_id}/{kind}/{name}"

    def folder(self, path: str) -> Path:
        match = _PATH.fullmatch(path)
        if match is None:
            raise invalid_request(
                f"{path!r} is not a checkpoint path such as tinker://model/weights/name."
            )
        return self.root / match[3]

    def existing(self, path: str) -> Path:
        folder = self.folder(path)
        if not folder.is_dir():
            raise EngineError(
                "checkpoint_not_found",
                f"There is no checkpoint {path} under {self.root}.",
                "Start the engine with the checkpoint folder it was saved under.",
                status=404,
            )
        return folder

    def save_training(self, path: str, trainer: Trainer) -> None:
        average = trainer.optimizers.average
        state = {
            "version": FORMAT_VERSION,
            "parameters": [name for name, _ in trainer.policy.trainable_parameters()],
            "steps_taken": trainer.steps_taken,
            "average_mass": None if average is None else average.mass,
        }
        with _replacing(self.folder(path)) as folder:
            weights = trainer.policy.trainable_parameters()
            save_file(_storable(weights), folder / "weights.safetensors")
            save_file(_optimizer_state(trainer), folder / "optimizer.safetensors")
            if average is not None:
                averaged = average.named(trainer.policy)
                save_file(_storable(averaged), folder / "average.safetensors")
            save_file(_random_state(trainer.policy.device), folder / "random.safetensors")
            (folder / "checkpoint.json").write_text(json.dumps(state))

    def load_training(self, path: str, trainer: Trainer, optimizer: bool) -> None:
        """Restores in place. `optimizer` covers all optimizers, the average and random state."""
        folder = self.existing(path)
        state = read_checkpoint_state(folder)
        names = [name for name, _ in trainer.policy.trainable_parameters()]
        if state["version"] != FORMAT_VERSION or state["parameters"] != names:
            raise EngineError(
                "checkpoint_mismatch",
                f"Checkpoint {path} was saved from a different model or kind of training.",
                "Load it into a model created with the same base model and LoRA settings.",
                status=409,
            )
        weights = load_file(folder / "weights.safetensors")
        with torch.no_grad():
            for name, parameter in trainer.policy.trainable_parameters():
                parameter.copy_(weights[name])
        trainer.optimizers.discard_gradients()
        trainer.begin_step(int(state["steps_taken"]) if optimizer else 0)
        trainer.optimizers.average = None
        trainer.optimizers.muon = None
        if optimizer:
            if state["average_mass"] is not None:
                average = load_file(folder / "average.safetensors")
                mass = state["average_mass"]
                trainer.optimizers.average = _restored_average(trainer.policy, average, mass)
            _restore_optimizer(trainer, load_file(folder / "optimizer.safetensors"))
            _restore_random_state(load_file(folder / "random.safetensors"), trainer.policy.device)

    def save_sampler(self, path: str, policy: Policy) -> None:
        """A model folder that any Hugging Face program loads; adapters are merged in a copy."""
        with _replacing(self.folder(path)) as folder:
            policy.save_merged(folder)
            for name in _TOKENIZER_FILES:
                if (policy.folder / name).is_file():
                    shutil.copyfile(policy.folder / name, folder / name)

    def delete(self, path: str) -> None:
        shutil.rmtree(self.existing(path))


class _replacing:  # noqa: N801 (reads as the statement it is used as)
    """A temporary folder that takes the place of `target` when the block succeeds."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}")

    def __enter__(self) -> Path:
        try:
            self._temporary.mkdir(parents=True)
        except OSError as error:
            raise _write_error(self._target, error) from error
        return self._temporary

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        if error is None:
            for file in self._temporary.iterdir():
                _flush(file)
            previous = self._target.with_name(f"{self._temporary.name}.old")
            if self._target.exists():
                self._target.rename(previous)
            self._temporary.rename(self._target)
            shutil.rmtree(previous, ignore_errors=True)
            return
        shutil.rmtree(self._temporary, ignore_errors=True)
        if isinstance(error, OSError):
            raise _write_error(self._target, error) from error


def _write_error(target: Path, error: OSError) -> EngineError:
    return EngineError(
        "checkpoint_not_written",
        f"Checkpoint {target} could not be written: {error.strerror or error}.",
        "Free some disk space or choose another folder; the previous checkpoint is intact.",
        status=507,
    )


def _flush(file: Path) -> None:
    with file.open("rb+") as handle:
        os.fsync(handle.fileno())


def _storable(tensors: Iterable[tuple[str, Tensor]]) -> dict[str, Tensor]:
    return {name: value.detach().contiguous() for name, value in tensors}


def _restored_average(policy: Policy, saved: dict[str, Tensor], mass: float) -> WeightAverage:
    parameters = policy.trainable_parameters()
    return WeightAverage([saved[name].to(policy.device) for name, _ in parameters], mass)


def _random_state(device: torch.device) -> dict[str, Tensor]:
    """Of the CPU and, since the dropout of adapters draws there, of the GPU."""
    state = {"torch": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def _restore_random_state(state: dict[str, Tensor], device: torch.device) -> None:
    torch.set_rng_state(state["torch"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)


def _optimizer_state(trainer: Trainer) -> dict[str, Tensor]:
    adamw, muon = trainer.optimizers.adamw, trainer.optimizers.muon
    state: list[tuple[str, Tensor]] = []
    for name, parameter in trainer.policy.trainable_parameters():
        for key, value in adamw.state.get(parameter, {}).items():
            state.append((f"{key}/{name}", value))
    if muon is not None:
        for name, kept in muon.state().items():
            state += [(f"{_MUON}{key}/{name}", value) for key, value in kept.items()]
    return _storable(state)


def _restore_optimizer(trainer: Trainer, saved: dict[str, Tensor]) -> None:
    adamw = trainer.optimizers.adamw
    adamw.state.clear()
    parameters = dict(trainer.policy.trainable_parameters())
    of_muon: dict[str, dict[str, Tensor]] = {}
    for full_name, value in saved.items():
        key, name = full_name.removeprefix(_MUON).split("/", 1)
        restored = value.to(trainer.policy.device)
        if full_name.startswith(_MUON):
            of_muon.setdefault(name, {})[key] = restored
        else:
            adamw.state[parameters[name]][key] = restored
    if of_muon:
        trainer.optimizers.muon = MuonWithAdamW(trainer.policy)
        trainer.optimizers.muon.restore(of_muon)
