"""
The header of a safetensors file, compared with the file: whether all of it is there can be told
without PyTorch and without reading a tensor. https://huggingface.co/docs/safetensors#format
"""

from __future__ import annotations

import json
import stat
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

PREFIX_BYTES = 8
LONGEST_HEADER_BYTES = 64 * 1024 * 1024
# https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
POINTER_START = b"version https://git-lfs"


@dataclass(frozen=True)
class StoredTensor:
    kind: str
    shape: tuple[int, ...]


class DamagedFileError(Exception):
    """Says what is wrong, to follow "cannot be used: ". `pointer` where Git LFS has the content."""

    def __init__(self, reason: str, pointer: bool = False) -> None:
        super().__init__(reason)
        self.pointer = pointer


def read_tensor_header(file: Path) -> dict[str, StoredTensor]:
    """The tensors of a file by name. Throws DamagedFileError, or OSError when it cannot be read."""
    facts = file.stat()
    size = facts.st_size
    # Opening a pipe would wait for a program that writes into it.
    if not stat.S_ISREG(facts.st_mode):
        raise DamagedFileError("it is not a file")
    with file.open("rb") as handle:
        start = handle.read(len(POINTER_START))
        if start == POINTER_START:
            raise DamagedFileError("it is a pointer of Git LFS in place of the file itself", True)
        if size < PREFIX_BYTES:
            raise DamagedFileError(f"it has {size} bytes")
        (header_bytes,) = struct.unpack("<Q", start[:PREFIX_BYTES])
        if header_bytes > LONGEST_HEADER_BYTES:
            raise DamagedFileError("it does not begin as safetensors do")
        if PREFIX_BYTES + header_bytes > size:
            raise DamagedFileError("it ends within its header")
        handle.seek(PREFIX_BYTES)
        tensors, data_bytes = _parsed(handle.read(header_bytes))
    needed = PREFIX_BYTES + header_bytes + data_bytes
    if size < needed:
        raise DamagedFileError(f"it was cut, and has {size} of its {needed} bytes")
    return tensors


def _parsed(header: bytes) -> tuple[dict[str, StoredTensor], int]:
    """The tensors, and how many bytes their values take."""
    tensors: dict[str, StoredTensor] = {}
    data_bytes = 0
    try:
        entries = cast(dict[str, Any], json.loads(header))
        for name, entry in entries.items():
            if name != "__metadata__":
                shape = tuple(int(size) for size in entry["shape"])
                tensors[name] = StoredTensor(str(entry["dtype"]), shape)
                data_bytes = max(data_bytes, int(entry["data_offsets"][1]))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise DamagedFileError("its header is not a list of tensors") from error
    return tensors, data_bytes
