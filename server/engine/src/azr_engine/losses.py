"""
Token losses of the Tinker dialect. Every loss is a sum over tokens, so micro-batches and several
`forward_backward` calls add up; normalisation belongs to the advantages the client sends.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from azr_engine.errors import invalid_request
from azr_engine.packing import TrainingSequence

LossName = Literal["cross_entropy", "importance_sampling", "ppo", "cispo"]
LOSS_NAMES: tuple[LossName, ...] = get_args(LossName)

# Clip thresholds are bounds of the ratio itself, as in Tinker and SkyRL: 0.8 means "at least 0.8".
DEFAULT_CLIP_LOW = 0.8
DEFAULT_CLIP_HIGH = 1.2
LEAST_TEMPERATURE, LARGEST_TEMPERATURE = 1e-3, 1e3


@dataclass(frozen=True)
class LossSettings:
    """
    Which loss, and the bounds that the probability ratio is clipped to. A policy loss scores tokens
    at `temperature`, which should be the one they were sampled at, and subtracts
    `entropy_coefficient * sum(entropy_weight * entropy)`, the entropies at that temperature.
    """

    name: LossName
    clip_low: float = DEFAULT_CLIP_LOW
    clip_high: float = DEFAULT_CLIP_HIGH
    temperature: float = 1.0
    entropy_coefficient: float = 0.0

    @staticmethod
    def parse(name: object, config: dict[str, float]) -> LossSettings:
        if name not in LOSS_NAMES:
            raise invalid_request(f"Loss {name!r} is unknown; known are {', '.join(LOSS_NAMES)}.")
        known = set[str]() if name == "cross_entropy" else {"temperature", "entropy_coefficient"}
        if name in ("ppo", "cispo"):
            known |= {"clip_low_threshold", "clip_high_threshold"}
        unknown = set(config) - known
        if unknown:
            raise invalid_request(f"Loss {name} has no setting {sorted(unknown)[0]!r}.")
        low = config.get("clip_low_threshold", DEFAULT_CLIP_LOW)
        high = config.get("clip_high_threshold", DEFAULT_CLIP_HIGH)
        if not 0 <= low <= high:
            raise invalid_request(
                f"Clip thresholds {low} and {high} must satisfy 0 <= low <= high."
            )
        temperature = config.get("temperature", 1.0)
        if not LEAST_TEMPERATURE <= temperature <= LARGEST_TEMPERATURE:
            raise invalid_request(
                f"The temperature of a loss must be from {LEAST_TEMPERATURE} to "
                f"{LARGEST_TEMPERATURE}, not {temperature}."
            )
        coefficient = config.get("entropy_coefficient", 0.0)
        if not 0 <= coefficient < math.inf:
            raise invalid_request(f"entropy_coefficient must be at least 0, not {coefficient}.")
        return LossSettings(name, low, high, temperature, coefficient)


@dataclass(frozen=True)
class TokenTargets:
    """Per-token inputs of a loss, flat over all loss tokens of a micro-batch, each of shape [N]."""

    sampler_log_probs: Tensor
    advantages: Tensor
    weights: Tensor
    entropy_weights: Tensor

    @staticmethod
    def of(sequences: Sequence[TrainingSequence], device: torch.device) -> TokenTargets:
        """Those of all loss tokens of the sequences, one sequence after the other."""

        def flat(rows: list[list[float]]) -> Tensor:
            numbers = [
                number
                for sequence, row in zip(sequences, rows, strict=True)
                for number in row[sequence.start :]
            ]
            return torch.tensor(numbers, dtype=torch.float32, device=device)

        return TokenTargets(
            flat([sequence.sampler_log_probs for sequence in sequences]),
            flat([sequence.advantages for sequence in sequences]),
            flat([sequence.weights for sequence in sequences]),
            flat([one.entropy_weights or [0.0] * len(one.targets) for one in sequences]),
        )


def summed_loss(
    settings: LossSettings, log_probs: Tensor, entropy: Tensor, targets: TokenTargets
) -> Tensor:
    """
    The scalar to minimise, from trainer log-probabilities and entropies of shape [N], with
    r = exp(trainer - sampler), less the entropy bonus:

    - cross_entropy: -sum(weight * log p)
    - importance_sampling: -sum(r * A), the off-policy policy gradient
    - ppo: -sum(min(r * A, clip(r, low, high) * A)), Schulman et al. 2017, eq. 7
    - cispo: -sum(stop_gradient(clip(r, low, high)) * A * log p), MiniMax-M1 2025, eq. 4
    """
    if settings.name == "cross_entropy":
        return -(targets.weights * log_probs).sum()
    policy_loss = _policy_loss(settings, log_probs, targets)
    if settings.entropy_coefficient == 0:
        return policy_loss
    return policy_loss - settings.entropy_coefficient * (targets.entropy_weights * entropy).sum()


def _policy_loss(settings: LossSettings, log_probs: Tensor, targets: TokenTargets) -> Tensor:
    ratio = torch.exp(log_probs - targets.sampler_log_probs)
    if settings.name == "importance_sampling":
        return -(ratio * targets.advantages).sum()
    clipped = ratio.clamp(settings.clip_low, settings.clip_high)
    if settings.name == "cispo":
        return -(clipped.detach() * targets.advantages * log_probs).sum()
    return -torch.minimum(ratio * targets.advantages, clipped * targets.advantages).sum()


def token_sums(
    settings: LossSettings, log_probs: Tensor, entropy: Tensor, targets: TokenTargets
) -> dict[str, float]:
    """
    Sums over tokens of what is reported as means: the ratio, whether the token was clipped, entropy
    in nats, and sampler minus trainer log-probability, whose mean over sampled tokens estimates
    KL(sampler || trainer).
    """
    sums = {"entropy": entropy.sum().item()}
    if settings.name == "cross_entropy":
        return sums
    difference = targets.sampler_log_probs - log_probs
    ratio = torch.exp(-difference)
    sums["ratio"] = ratio.sum().item()
    sums["kl_sampler_trainer"] = difference.sum().item()
    if settings.name != "importance_sampling":
        sums["clip_fraction"] = _is_clipped(settings, ratio, targets.advantages).sum().item()
    return sums


def _is_clipped(settings: LossSettings, ratio: Tensor, advantages: Tensor) -> Tensor:
    """
    Whether each token [N] was clipped. The minimum of `ppo` takes the clipped value only where the
    ratio has moved beyond a bound in the direction that the advantage asks for; `cispo` clips the
    weight of every token whose advantage is not zero.
    """
    above, below = ratio > settings.clip_high, ratio < settings.clip_low
    if settings.name == "cispo":
        return (above | below) & (advantages != 0)
    return (above & (advantages > 0)) | (below & (advantages < 0))
