"""The moving average of the weights, its place in checkpoints, and what is sampled with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from test_training import ADAM, FAST, batch

from azr_engine.adapters import LoraSettings
from azr_engine.averaging import WeightAverage
from azr_engine.checkpoints import CheckpointStore
from azr_engine.errors import EngineError
from azr_engine.losses import LossSettings
from azr_engine.memory_plan import MemoryPlan
from azr_engine.optimizers import AdamSettings
from azr_engine.policy import Policy, load_policy
from azr_engine.sampling import SampleItem
from azr_engine.sampling_parameters import SamplingParameters
from azr_engine.training import Trainer
from azr_engine.workbench import Workbench

LORA = LoraSettings(4, 8.0, seed=1)
DECAY = 0.6
AVERAGED = AdamSettings(learning_rate=1e-2, epsilon=1e-8, average_decay=DECAY)


def advance(trainer: Trainer, seed: int, adam: AdamSettings = AVERAGED) -> list[torch.Tensor]:
    """One step; returns the weights after it."""
    trainer.forward(batch(seed), LossSettings("ppo"), backward=True)
    trainer.step(adam)
    return weights(trainer.policy)


def weights(policy: Policy) -> list[torch.Tensor]:
    return [parameter.detach().clone() for _, parameter in policy.trainable_parameters()]


@pytest.mark.parametrize("lora", [None, LORA])
def test_the_average_is_the_weighted_mean_of_all_steps(
    model_folder: Callable[[str], Path], lora: LoraSettings | None
) -> None:
    trainer = Trainer(load_policy(model_folder("llama"), lora), FAST)
    seen = [advance(trainer, seed) for seed in range(3)]
    assert trainer.optimizers.average is not None
    # 0.36, 0.6 and 1 parts of 1.96: the first step counts no more than its share.
    shares = [share / 1.96 for share in (0.36, 0.6, 1)]
    for place, value in enumerate(trainer.optimizers.average.values):
        expected = sum(share * one[place].double() for share, one in zip(shares, seen, strict=True))
        assert torch.allclose(value.double(), torch.as_tensor(expected), atol=1e-6)


def test_after_one_step_it_is_the_weights_and_without_asking_it_ends(llama: Policy) -> None:
    trainer = Trainer(llama, FAST)
    (*after,) = advance(trainer, 0)
    assert trainer.optimizers.average is not None
    assert all(
        torch.equal(*pair) for pair in zip(trainer.optimizers.average.values, after, strict=True)
    )
    advance(trainer, 1, ADAM)
    assert trainer.optimizers.average is None


def test_the_average_stands_for_the_weights_and_gives_them_back(llama: Policy) -> None:
    trainer = Trainer(llama, FAST)
    advance(trainer, 0)
    after = advance(trainer, 1)
    average = trainer.optimizers.average
    assert average is not None
    values = [value.clone() for value in average.values]
    with pytest.raises(ValueError, match="within"), average.in_place_of_weights(llama):
        assert all(torch.equal(*pair) for pair in zip(weights(llama), values, strict=True))
        raise ValueError("within")
    assert all(torch.equal(*pair) for pair in zip(weights(llama), after, strict=True))
    assert all(torch.equal(*pair) for pair in zip(average.values, values, strict=True))


@pytest.mark.parametrize("lora", [None, LORA])
def test_a_checkpoint_keeps_the_average_bit_for_bit(
    model_folder: Callable[[str], Path], tmp_path: Path, lora: LoraSettings | None
) -> None:
    store = CheckpointStore(tmp_path)
    path = store.path("model-a", "weights", "one")
    unbroken = Trainer(load_policy(model_folder("llama"), lora), FAST)
    advance(unbroken, 1)
    store.save_training(path, unbroken)
    advance(unbroken, 2)
    resumed = Trainer(load_policy(model_folder("llama"), lora), FAST)
    store.load_training(path, resumed, optimizer=True)
    advance(resumed, 2)
    one, other = unbroken.optimizers.average, resumed.optimizers.average
    assert isinstance(one, WeightAverage) and isinstance(other, WeightAverage)
    assert all(torch.equal(*pair) for pair in zip(one.values, other.values, strict=True))
    assert one.mass == other.mass
    store.load_training(path, resumed, optimizer=False)
    assert resumed.optimizers.average is None


class Bench:
    """A workbench with one model under training."""

    def __init__(self, folder: Path, checkpoints: Path, lora: LoraSettings | None) -> None:
        self.folder = folder
        self.workbench = Workbench(folder, CheckpointStore(checkpoints))
        self.trainer = self.workbench.create("m", lora, MemoryPlan())

    def greedy(self, source: str | Path, weights: Any = "trained") -> list[float]:
        """Log-probabilities of the most probable completion: another model has others."""
        items, parameters = [SampleItem((5, 6, 7), 1)], SamplingParameters(6, temperature=0.0)
        ((one,),) = self.workbench.sample(source, items, parameters, lambda: False, weights)
        return one.log_probs


@pytest.mark.parametrize("lora", [None, LORA])
def test_trained_average_and_start_are_three_models(
    model_folder: Callable[[str], Path], tmp_path: Path, lora: LoraSettings | None
) -> None:
    bench = Bench(model_folder("llama"), tmp_path, lora)
    before = bench.greedy("m")
    # Before the first step there is nothing to average but the weights themselves.
    assert bench.greedy("m", "average") == before
    adam = AdamSettings(learning_rate=0.05, average_decay=0.9)
    for seed in range(3):
        bench.trainer.forward(batch(seed), LossSettings("ppo"), backward=True)
        bench.workbench.step("m", adam)
    trained, average, start = (
        bench.greedy("m"),
        bench.greedy("m", "average"),
        bench.greedy(bench.folder),
    )
    assert start == pytest.approx(before, abs=1e-5)
    assert trained != pytest.approx(before, abs=1e-3)
    assert average != pytest.approx(before, abs=1e-3)
    assert average != pytest.approx(trained, abs=1e-3)
    # Sampling something else leaves no trace in what is trained.
    assert bench.greedy("m") == trained
    # The average as a model folder of its own.
    bench.workbench.save_sampler("m", "tinker://m/sampler_weights/out", "average")
    assert bench.greedy(tmp_path / "out") == pytest.approx(average, abs=1e-4)
    assert bench.greedy("m") == trained


def test_an_average_that_nobody_kept_is_an_error(
    model_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    bench = Bench(model_folder("llama"), tmp_path, None)
    bench.trainer.forward(batch(), LossSettings("ppo"), backward=True)
    bench.workbench.step("m", AdamSettings(learning_rate=0.01))
    with pytest.raises(EngineError, match="did not ask") as caught:
        bench.greedy("m", "average")
    assert caught.value.code == "no_weight_average"
