"""A second copy of a trained model, for sampling, in the type that decoding is fastest in."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from azr_engine.policy import Policy, load_policy


class SamplingCopy:
    def __init__(self, trained: Policy) -> None:
        self.policy = load_policy(trained.folder, trained.lora, trainable=False)

    @torch.no_grad()
    def refresh(self, weights: Iterable[tuple[str, Tensor]]) -> None:
        """Copies trained weights, or their average, in place."""
        targets = dict(self.policy.model.named_parameters())
        for name, value in weights:
            targets[name].copy_(value.detach())
