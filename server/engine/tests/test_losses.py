"""Every loss and its gradient against a float64 reference written out token by token."""

from __future__ import annotations

import math
import random

import pytest
import torch

from azr_engine.errors import EngineError
from azr_engine.losses import LossName, LossSettings, TokenTargets, summed_loss, token_sums

LOW, HIGH = 0.8, 1.28


def reference(
    name: str, trainer: float, sampler: float, advantage: float, weight: float
) -> tuple[float, float]:
    """Loss and its derivative by the trainer's log-probability, for one token."""
    ratio = math.exp(trainer - sampler)
    if name == "cross_entropy":
        return -weight * trainer, -weight
    if name == "importance_sampling":
        return -ratio * advantage, -ratio * advantage
    if name == "cispo":
        bounded = min(max(ratio, LOW), HIGH)
        return -bounded * advantage * trainer, -bounded * advantage
    # PPO keeps the smaller objective; where that is the clipped one, nothing is learned.
    unclipped = (-ratio * advantage, -ratio * advantage)
    if advantage >= 0:
        return (-HIGH * advantage, 0.0) if ratio > HIGH else unclipped
    return (-LOW * advantage, 0.0) if ratio < LOW else unclipped


@pytest.mark.parametrize("name", ["cross_entropy", "importance_sampling", "ppo", "cispo"])
def test_loss_and_gradient_match_reference(name: str) -> None:
    stream = random.Random(name)
    rows = [
        (-stream.random() * 3, -stream.random() * 3, stream.gauss(0, 1), stream.random())
        for _ in range(200)
    ]
    trainer, sampler, advantages, weights = (list(column) for column in zip(*rows, strict=True))
    log_probs = torch.tensor(trainer, dtype=torch.float64, requires_grad=True)
    nothing = torch.zeros(200, dtype=torch.float64)
    targets = TokenTargets(
        torch.tensor(sampler, dtype=torch.float64),
        torch.tensor(advantages, dtype=torch.float64),
        torch.tensor(weights, dtype=torch.float64),
        nothing,
    )
    config = {"clip_low_threshold": LOW, "clip_high_threshold": HIGH}
    settings = LossSettings.parse(name, config if name in ("ppo", "cispo") else {})

    loss = summed_loss(settings, log_probs, nothing, targets)
    loss.backward()

    expected = [reference(name, *row) for row in rows]
    assert loss.item() == pytest.approx(sum(value for value, _ in expected), rel=1e-12)
    assert log_probs.grad is not None
    assert log_probs.grad.tolist() == pytest.approx([slope for _, slope in expected], rel=1e-9)


def test_token_sums_by_hand() -> None:
    targets = TokenTargets(
        torch.tensor([math.log(0.5), math.log(0.25)]), torch.ones(2), torch.zeros(2), torch.zeros(2)
    )
    log_probs = torch.tensor([math.log(0.25), math.log(0.25)])
    sums = token_sums(LossSettings("ppo", LOW, HIGH), log_probs, torch.tensor([1.0, 2.0]), targets)
    assert sums["ratio"] == pytest.approx(1.5)
    # The first ratio, 0.5, is below its bound, but a good token has to move up: nothing is clipped.
    assert sums["clip_fraction"] == 0
    assert sums["kl_sampler_trainer"] == pytest.approx(math.log(2))
    assert sums["entropy"] == 3


def test_the_bonus_is_the_weighted_sum_of_entropies() -> None:
    zero = torch.zeros(2)
    targets = TokenTargets(zero, zero, zero, torch.tensor([0.25, 0.75]))
    entropy = torch.tensor([2.0, 4.0], requires_grad=True)
    settings = LossSettings.parse("ppo", {"entropy_coefficient": 0.1})
    loss = summed_loss(settings, zero, entropy, targets)
    loss.backward()
    # Less 0.1 * (0.25 * 2 + 0.75 * 4).
    assert loss.item() == pytest.approx(-0.35)
    assert entropy.grad is not None
    assert entropy.grad.tolist() == pytest.approx([-0.025, -0.075])


@pytest.mark.parametrize("advantage", [1.0, -1.0, 0.0])
@pytest.mark.parametrize("ratio", [0.5, 0.99, 1.0, 1.01, 2.0])
@pytest.mark.parametrize("name", ["ppo", "cispo"])
def test_a_token_counts_as_clipped_where_the_bounds_change_its_gradient(
    name: LossName, ratio: float, advantage: float
) -> None:
    zero = torch.zeros(1)
    targets = TokenTargets(zero, torch.tensor([advantage]), zero, zero)

    def gradient(low: float, high: float) -> float:
        log_probs = torch.tensor([math.log(ratio)], requires_grad=True)
        summed_loss(LossSettings(name, low, high), log_probs, zero, targets).backward()
        assert log_probs.grad is not None
        return log_probs.grad.item()

    settings = LossSettings(name, LOW, HIGH)
    sums = token_sums(settings, torch.tensor([math.log(ratio)]), torch.zeros(1), targets)
    is_changed = not math.isclose(gradient(LOW, HIGH), gradient(0.0, 1e9), abs_tol=1e-6)
    assert sums["clip_fraction"] == is_changed


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("dro", {}),
        ("importance_sampling", {"clip_low_threshold": 0.8}),
        ("ppo", {"clip_low_threshold": 2.0}),
        ("ppo", {"temperature": 0.0}),
        ("ppo", {"entropy_coefficient": -0.1}),
        ("cross_entropy", {"temperature": 0.7}),
        ("cross_entropy", {"entropy_coefficient": 0.1}),
    ],
)
def test_unknown_losses_and_settings_are_refused(name: str, config: dict[str, float]) -> None:
    with pytest.raises(EngineError):
        LossSettings.parse(name, config)
