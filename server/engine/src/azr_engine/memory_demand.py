"""What a run asks of the memory of the device that trains it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from azr_engine.errors import invalid_request
from azr_engine.fields import Fields

LARGEST_RANK = 4096
MOST_TOKENS = 1 << 20
MOST_ROWS = 1 << 30


@dataclass(frozen=True)
class MemoryDemand:
    """What a run asks of the device at most."""

    trainable: Literal["full", "lora"]
    lora_rank: int
    prompt_tokens: int
    # Of the longest completion.
    completion_tokens: int
    # Completions that are sampled at once.
    rows: int
    # Whether some of its steps are Muon's, which keeps a state beside AdamW's.
    uses_muon: bool = False
    # Whether the weights that training began with are sampled too.
    samples_start: bool = False

    @classmethod
    def parse(cls, fields: Fields) -> MemoryDemand:
        """Our `memory_demand` of create_model, and of a question to `memory_needs.py`."""
        trainable = fields.text("trainable")
        if trainable != "full" and trainable != "lora":
            raise invalid_request("trainable must be full or lora.")
        return cls(
            trainable=trainable,
            lora_rank=fields.integer("lora_rank", 1, LARGEST_RANK),
            prompt_tokens=fields.integer("prompt_tokens", 1, MOST_TOKENS),
            completion_tokens=fields.integer("completion_tokens", 1, MOST_TOKENS),
            rows=fields.integer("rows", 1, MOST_ROWS),
            uses_muon=fields.flag("uses_muon", default=False),
            samples_start=fields.flag("samples_start", default=False),
        )
