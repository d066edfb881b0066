"""How much memory a training pass uses, and how it uses less after memory ran out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from azr_engine.packing import MicroBatch, MicroBatchLimits


@dataclass
class MemoryMode:
    """Savings stay in place for later requests, for which the device would be as small."""

    limits: MicroBatchLimits
    # Whether completions of one prompt share a row.
    shares_prompts: bool
    # Whether each layer keeps only its input and is computed again in the backward pass.
    recompute_layers: bool
    can_recompute_layers: bool

    def use_less(self, failed: Sequence[MicroBatch]) -> bool:
        """
        After a pass over these micro-batches ran out of memory: half of its tokens where it held
        several rows, else one completion per row, else layers computed again in the backward pass.
        False when nothing is left to save.
        """
        if sum(len(batch.inputs) for batch in failed) > 1:
            tokens = sum(batch.inputs.numel() for batch in failed)
            self.limits = replace(self.limits, tokens=tokens // 2)
        elif any(batch.mask is not None for batch in failed):
            self.shares_prompts = False
        elif not self.recompute_layers and self.can_recompute_layers:
            self.recompute_layers = True
        else:
            return False
        return True

    def __str__(self) -> str:
        layers = "recomputed in the backward pass" if self.recompute_layers else "kept"
        rows = "shared by their completions" if self.shares_prompts else "repeated per completion"
        return f"micro-batches of {self.limits.tokens} tokens, layers {layers}, prompts {rows}"
