"""
Steps of the optimizer on accumulated gradients. `adamw` is the policy's own optimizer; `muon`, with
its own state, exists beside it for the steps that ask for it (muon.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from azr_engine.averaging import WeightAverage
from azr_engine.errors import EngineError
from azr_engine.muon import MuonWithAdamW
from azr_engine.policy import Policy

OptimizerName = Literal["adamw", "muon"]


@dataclass(frozen=True)
class AdamSettings:
    """Of one step. Muon takes learning rate, weight decay and epsilon from it, and no more."""

    learning_rate: float
    beta1: float = 0.9
    beta2: float = 0.95
    epsilon: float = 1e-12
    weight_decay: float = 0.0
    grad_clip_norm: float = 0.0
    # Of the moving average of the weights; 0 keeps none.
    average_decay: float = 0.0
    optimizer: OptimizerName = "adamw"


class Optimizers:
    """The optimizers of one policy with their state, and the moving average of its weights."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.adamw = torch.optim.AdamW(self._parameters(), lr=0.0, fused=True)
        # Made at the first step that asks for it.
        self.muon: MuonWithAdamW | None = None
        self.average: WeightAverage | None = None

    def step(self, settings: AdamSettings) -> float:
        """
        One step on the accumulated gradients, which are discarded then; their global norm is
        clipped where the settings ask for it. Returns the norm before clipping.
        """
        norm = self._clip_gradients(settings.grad_clip_norm)
        if settings.optimizer == "muon":
            self.muon = self.muon or MuonWithAdamW(self._policy)
            self.muon.step(settings.learning_rate, settings.weight_decay, settings.epsilon)
        else:
            self._adamw_step(settings)
        self.discard_gradients()
        self._update_average(settings.average_decay)
        return norm

    def discard_gradients(self) -> None:
        self.adamw.zero_grad(set_to_none=True)

    def _parameters(self) -> list[nn.Parameter]:
        return [parameter for _, parameter in self._policy.trainable_parameters()]

    def _clip_gradients(self, largest_norm: float) -> float:
        parameters = self._parameters()
        if all(parameter.grad is None for parameter in parameters):
            raise EngineError(
                "no_gradients",
                "optim_step was called with no gradients accumulated.",
                "Call forward_backward before optim_step.",
            )
        largest = largest_norm if largest_norm > 0 else math.inf
        norm = torch.nn.utils.clip_grad_norm_(parameters, largest).item()
        if not math.isfinite(norm):
            self.discard_gradients()
            raise EngineError(
                "gradient_not_finite",
                f"The gradient norm is {norm}; no step was taken and the gradients are discarded.",
                "Lower the learning rate, or look for infinite advantages or log-probabilities.",
            )
        return norm

    def _adamw_step(self, settings: AdamSettings) -> None:
        for group in self.adamw.param_groups:
            group["lr"] = settings.learning_rate
            group["betas"] = (settings.beta1, settings.beta2)
            group["eps"] = settings.epsilon
            group["weight_decay"] = settings.weight_decay
        self.adamw.step()

    def _update_average(self, decay: float) -> None:
        if decay == 0:
            self.average = None
            return
        self.average = self.average or WeightAverage.empty(self._policy)
        self.average.add(self._policy, decay)
