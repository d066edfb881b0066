"""
An exponential moving average of the trained weights (Polyak averaging). After step t it is

    sum(decay^(t - s) * weights_s) / sum(decay^(t - s)),  s = 1 .. t

The denominator corrects the bias of the first steps: after one step the average equals the
weights, whatever the decay, and the weights before training never enter it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence

import torch
from torch import Tensor

from azr_engine.policy import Policy


class WeightAverage:
    """Of the trainable parameters of a policy, in their order."""

    def __init__(self, values: Sequence[Tensor], mass: float = 0.0) -> None:
        """`mass` is (1 - decay) * sum(decay^(t - s)), which goes from 1 - decay towards 1."""
        self.values = list(values)
        self.mass = mass

    @staticmethod
    def empty(policy: Policy) -> WeightAverage:
        return WeightAverage([torch.zeros_like(p.detach()) for _, p in _parameters(policy)])

    @torch.no_grad()
    def add(self, policy: Policy, decay: float) -> None:
        """Updates the average with the current weights."""
        self.mass = decay * self.mass + (1 - decay)
        share = (1 - decay) / self.mass
        for value, (_, parameter) in zip(self.values, _parameters(policy), strict=True):
            value.lerp_(parameter.detach(), share)

    def named(self, policy: Policy) -> list[tuple[str, Tensor]]:
        return [
            (name, value) for value, (name, _) in zip(self.values, _parameters(policy), strict=True)
        ]

    @contextlib.contextmanager
    def in_place_of_weights(self, policy: Policy) -> Generator[None, None, None]:
        """
        Within, the parameters hold the average and this object the weights. Values are exchanged in
        place, so that memory addresses held elsewhere stay valid.
        """
        self._exchange(policy)
        try:
            yield
        finally:
            self._exchange(policy)

    @torch.no_grad()
    def _exchange(self, policy: Policy) -> None:
        for value, (_, parameter) in zip(self.values, _parameters(policy), strict=True):
            kept = parameter.detach().clone()
            parameter.copy_(value)
            value.copy_(kept)


def _parameters(policy: Policy) -> list[tuple[str, torch.nn.Parameter]]:
    return policy.trainable_parameters()
