"""A device that runs out of memory costs time, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from test_training import FAST, batch, gradients

from azr_engine import sampling
from azr_engine.adapters import LoraSettings
from azr_engine.errors import EngineError
from azr_engine.losses import LossSettings
from azr_engine.packing import MicroBatch, TrainingSequence
from azr_engine.policy import Policy, load_policy
from azr_engine.sampling import SampleItem, sample
from azr_engine.sampling_parameters import SamplingParameters
from azr_engine.training import Trainer

LOSS = LossSettings("ppo")


class SmallDevice:
    """
    Runs out of memory in a backward pass once some gradients are there, whenever a micro-batch has
    more than `tokens` tokens, as a real device would.
    """

    def __init__(self, trainer: Trainer, tokens: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failures = 0
        self.succeeded: list[int] = []
        original = trainer.run_pass

        def run(batches: list[MicroBatch], *rest: Any) -> object:
            result = original(batches, *rest)
            (batch,) = batches
            if batch.inputs.numel() > tokens:
                self.failures += 1
                raise torch.OutOfMemoryError("CUDA out of memory")
            self.succeeded.append(batch.inputs.numel())
            return result

        monkeypatch.setattr(trainer, "run_pass", run)


def test_a_smaller_micro_batch_gives_the_same_gradients(
    llama: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the failed attempts are gone; those of an earlier request are still there."""
    roomy = Trainer(llama, FAST)
    roomy.forward(batch(1), LOSS, backward=True)
    expected = roomy.forward(batch(2), LOSS, backward=True)
    wanted = gradients(roomy)
    roomy.optimizers.discard_gradients()

    trainer = Trainer(llama, FAST)
    trainer.forward(batch(1), LOSS, backward=True)
    device = SmallDevice(trainer, 100, monkeypatch)
    result = trainer.forward(batch(2), LOSS, backward=True)
    assert device.failures > 1
    assert result.metrics["out_of_memory_retries:sum"] == device.failures
    for one, other in zip(expected.log_probs, result.log_probs, strict=True):
        assert other == pytest.approx(one, abs=1e-5)
    for one, other in zip(wanted, gradients(trainer), strict=True):
        assert (one - other).abs().max().item() <= 1e-5 * max(1.0, one.abs().max().item())
    # What was learned about the device is kept.
    failures = device.failures
    trainer.forward(batch(2), LOSS, backward=True)
    assert device.failures == failures


def test_when_nothing_is_left_to_give_up_the_error_is_raised(
    llama: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = Trainer(llama, FAST)
    trainer.forward(batch(1), LOSS, backward=True)
    before = gradients(trainer)
    SmallDevice(trainer, 0, monkeypatch)
    with pytest.raises(torch.OutOfMemoryError):
        trainer.forward(batch(2), LOSS, backward=True)
    assert trainer.memory.recompute_layers
    assert all(
        torch.equal(one, other) for one, other in zip(before, gradients(trainer), strict=True)
    )


def test_cancelling_discards_all_gradients(llama: Policy) -> None:
    trainer = Trainer(llama, FAST)
    trainer.forward(batch(1), LOSS, backward=True)
    with pytest.raises(EngineError, match="cancelled"):
        trainer.forward(batch(2), LOSS, backward=True, is_cancelled=lambda: True)
    assert gradients(trainer) == []


def test_dropout_and_recomputation_survive_running_out(
    model_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = load_policy(model_folder("llama"), LoraSettings(4, 8.0, seed=1, dropout=0.2))
    trainer = Trainer(policy, FAST)
    SmallDevice(trainer, 40, monkeypatch)
    trainer.forward(batch(2), LOSS, backward=True)
    assert len(gradients(trainer)) > 0
    assert not any(module.training for module in policy.model.modules())


@pytest.mark.parametrize("kind", ["shared-prefix", "padded"])
def test_sampling_goes_on_with_half_the_rows(
    llama: Policy, monkeypatch: pytest.MonkeyPatch, kind: sampling.DecodingKind
) -> None:
    """Every item gets all its completions, each a continuation of its own prompt."""
    items = [SampleItem((5, 6, 7), 5), SampleItem((9, 8), 4), SampleItem((5, 6, 7), 2)]
    rows: list[int] = []
    original = sampling.DecodingLoop.run

    def run(loop: sampling.DecodingLoop) -> list[sampling.SampledSequence]:
        count = len(loop.batch.prompt_of_row)
        if count > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        rows.append(count)
        return original(loop)

    monkeypatch.setattr(sampling.DecodingLoop, "run", run)
    parameters = SamplingParameters(6, seed=1)
    results = sample(llama, items, parameters, kind)
    assert [len(group) for group in results] == [5, 4, 2]
    assert sum(rows) == 11 and max(rows) <= 3
    plain = Trainer(llama, FAST)
    for item, group in zip(items, results, strict=True):
        for completion in group:
            whole = [*item.prompt, *completion.tokens]
            zeros = [0.0] * (len(whole) - 1)
            start = len(item.prompt) - 1
            sequence = TrainingSequence(whole[:-1], whole[1:], start, zeros, zeros, zeros)
            scored = plain.forward([sequence], LOSS, backward=False).log_probs[0][start:]
            assert scored == pytest.approx(completion.log_probs, abs=1e-4)


def test_a_cache_budget_cuts_batches() -> None:
    cut = list(sampling.decoding_batches({(5, 6, 7): [0] * 10}, 5, 20))
    assert [len(owners) for _, owners in cut] == [3, 3, 3, 1]
