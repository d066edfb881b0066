"""
A second copy of a trained model, for sampling: in the numeric type that decoding is fastest in,
and, where training is spread over ranks, whole on each of them.
"""

from __future__ import annotations

import torch

from azr_engine.policy import Policy, load_policy
from azr_engine.sharding import whole


class SamplingCopy:
    def __init__(self, trained: Policy) -> None:
        self.policy = load_policy(trained.folder, trained.lora, trainable=False)

    @torch.no_grad()
    def refresh(self, trained: Policy) -> None:
        """Takes over the trained weights as they are now, in place."""
        targets = dict(self.policy.model.named_parameters())
        for name, parameter in trained.trainable_parameters():
            targets[name].copy_(whole(parameter.detach()))
