"""Recognises that the device ran out of memory, whichever device it is, and frees what it can."""

from __future__ import annotations

import gc

import torch

# The processor's allocator and Metal's say it in words only.
_WORDS = ("can't allocate memory", "not enough memory", "MPS backend out of memory")


def is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _WORDS)


def release_memory() -> None:
    """Gives back what nothing refers to any more, for the next attempt."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()
