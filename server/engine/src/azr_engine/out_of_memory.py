"""Recognises that a device of any kind ran out of memory, and frees what can be freed."""

from __future__ import annotations

import gc

import torch

# The allocators of CPU and MPS raise a plain RuntimeError with one of these.
_WORDS = ("can't allocate memory", "not enough memory", "MPS backend out of memory")


def is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _WORDS)


def release_memory() -> None:
    """Frees unreferenced memory for the next attempt."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()
