"""
The client's plan for this model, these lengths and this device. The client plans, because it knows
the lengths of a run; the engine follows, and uses less where memory still runs out.
"""

from __future__ import annotations

from dataclasses import dataclass

from azr_engine.packing import MicroBatchLimits
from azr_engine.sampling import CACHE_TOKENS


@dataclass(frozen=True)
class MemoryPlan:
    """Padded tokens of a micro-batch, whether layers are recomputed, tokens cached at once."""

    micro_batch_tokens: int = MicroBatchLimits().tokens
    recompute_layers: bool = False
    cache_tokens: int = CACHE_TOKENS
