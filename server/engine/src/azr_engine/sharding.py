"""
Weights, gradients and what Adam keeps cut into equal parts, one for each rank (FSDP2's
`fully_shard`). A layer's weights are put together just before it computes and let go just after;
gradients are summed over ranks. Between passes every parameter is a DTensor of which this rank
holds its part.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from azr_engine.policy import Policy
from azr_engine.ranks import Ranks


class Scorer(nn.Module):
    """
    The model together with what is computed of it in a training pass. For FSDP it is the outermost
    module: whatever `score` does with embeddings and output head, it finds them whole.
    """

    def __init__(self, model: nn.Module, score: Callable[..., tuple[Tensor, Tensor]]) -> None:
        super().__init__()
        self.model = model
        self._score = score

    def forward(self, *arguments: Any) -> tuple[Tensor, Tensor]:
        log_probs, entropy = self._score(*arguments)
        # FSDP hangs its hooks on what comes out, and cannot on the view that indexing gives.
        return log_probs.clone(), entropy


def shard(scorer: Scorer, policy: Policy, ranks: Ranks) -> None:
    """In place. Every rank must hold the same weights."""
    # These take a second to import, and one process never needs them.
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard

    mesh = init_device_mesh(policy.device.type, (ranks.size,))
    autocast = policy.numbers.autocast
    mixed = MixedPrecisionPolicy(
        param_dtype=autocast, reduce_dtype=torch.float32 if autocast is not None else None
    )
    for module in (*policy.layers, scorer):
        fully_shard(module, mesh=mesh, mp_policy=mixed)
    for module in scorer.modules():
        if isinstance(module, FSDPModule):
            # Losses are sums over tokens: gradients add up, where FSDP would take their mean.
            module.set_gradient_divide_factor(1.0)
            module.set_force_sum_reduction_for_comms(True)


def let_go(scorer: Scorer) -> None:
    """After a pass without gradients, at whose end FSDP keeps the outermost weights together."""
    reshard: Callable[[], None] | None = getattr(scorer, "reshard", None)
    if reshard is not None:
        reshard()


def is_part(value: Tensor) -> bool:
    """Whether other ranks have the rest: a DTensor, whose class is not imported needlessly."""
    return hasattr(value, "full_tensor")


def whole(value: Tensor) -> Tensor:
    """The tensor that the parts of all ranks make up. Every rank must ask for the same ones."""
    parts: Any = value
    full: Tensor = parts.full_tensor() if is_part(value) else value
    return full


def part_like(value: Tensor, like: Tensor) -> Tensor:
    """This rank's part of `value`, which every rank has, cut as `like` is."""
    if not is_part(like) or value.shape != like.shape:
        return value.to(like.device)
    from torch.distributed.tensor import distribute_tensor

    parts: Any = like
    on_device = value.to(device=like.device, dtype=like.dtype)
    return distribute_tensor(on_device, parts.device_mesh, parts.placements, src_data_rank=None)
