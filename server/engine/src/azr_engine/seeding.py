"""Random streams that depend on their purpose alone, not on how much was drawn before."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Generator

import torch


def stream_seed(*place: int | str) -> int:
    """A seed below 2**63 for the stream of this place; other places have unrelated ones."""
    digest = hashlib.sha256("/".join(str(part) for part in place).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


@contextlib.contextmanager
def seeded(device: torch.device, *place: int | str) -> Generator[None, None, None]:
    """Within, torch draws from the stream of this place; its own state is restored afterwards."""
    others = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=others):
        torch.manual_seed(stream_seed(*place))
        yield
