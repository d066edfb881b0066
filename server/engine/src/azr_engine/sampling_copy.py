"""
A second copy of a trained model, for sampling: in the numeric type that decoding is fastest in,
and, where training is spread over ranks, whole on each of them.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from azr_engine.policy import Policy, load_policy
from azr_engine.sharding import whole


class SamplingCopy:
    def __init__(self, trained: Policy) -> None:
        self.policy = load_policy(trained.folder, trained.lora, trainable=False)

    @torch.no_grad()
    def refresh(self, weights: Iterable[tuple[str, Tensor]]) -> None:
        """Takes over trained weights, or what is to stand for them, in place."""
        targets = dict(self.policy.model.named_parameters())
        for name, value in weights:
            targets[name].copy_(whole(value.detach()))
