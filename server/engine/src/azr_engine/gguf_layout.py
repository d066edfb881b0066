"""
Checks the lengths that a GGUF file claims against its size, before the package gguf relies on them:
its reader makes an object for every item, and recurses into arrays of arrays.
Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

# The largest vocabularies have a quarter of a million tokens; each has a score, a type, a merge.
MOST_ITEMS = 4_000_000
MOST_DIMENSIONS = 8
STRING, ARRAY = 8, 9
SCALAR_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
# A key of no characters, its type, and a value of one byte; a name, no dimensions, type and offset.
LEAST_FIELD_BYTES = 13
LEAST_TENSOR_BYTES = 24


def check_layout(path: Path) -> None:
    """Throws ValueError with what is wrong; anything but lengths is left to the reader."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        _Cursor(data).check()


class _Cursor:
    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._size = len(data)
        self._position = 4
        self._items = 0
        # The version tells the byte order, as in the reader.
        self._order = "<"
        if self._number("I") & 0xFFFF == 0:
            self._order = ">"

    def check(self) -> None:
        tensors, fields = self._number("Q"), self._number("Q")
        self._require(fields, LEAST_FIELD_BYTES, "fields")
        for _ in range(fields):
            self._skip_string()
            self._skip_value(self._number("I"))
        self._require(tensors, LEAST_TENSOR_BYTES, "tensors")
        for _ in range(tensors):
            self._skip_string()
            dimensions = self._number("I")
            if dimensions > MOST_DIMENSIONS:
                raise ValueError(f"a tensor has {dimensions} dimensions")
            self._skip(dimensions * 8 + 12, "a tensor")

    def _skip_value(self, kind: int) -> None:
        if kind == STRING:
            self._skip_string()
        elif kind == ARRAY:
            self._skip_array()
        else:
            self._skip(_scalar_bytes(kind), "a value")

    def _skip_array(self) -> None:
        kind, length = self._number("I"), self._number("Q")
        if kind == ARRAY:
            raise ValueError("it has an array of arrays, which no known key has")
        self._items += length
        if self._items > MOST_ITEMS:
            raise ValueError(f"its arrays have more than {MOST_ITEMS} items")
        if kind == STRING:
            self._require(length, 8, "texts in an array")
            for _ in range(length):
                self._skip_string()
        else:
            self._skip(length * _scalar_bytes(kind), "an array")

    def _skip_string(self) -> None:
        self._skip(self._number("Q"), "a text")

    def _number(self, form: str) -> int:
        start = self._position
        self._skip(struct.calcsize(form), "a number")
        return int(struct.unpack_from(self._order + form, self._data, start)[0])

    def _skip(self, count: int, what: str) -> None:
        if count > self._size - self._position:
            raise ValueError(f"{what} is longer than the file")
        self._position += count

    def _require(self, count: int, least_bytes: int, what: str) -> None:
        if count * least_bytes > self._size - self._position:
            raise ValueError(f"it claims {count} {what}, more than the file can hold")


def _scalar_bytes(kind: int) -> int:
    if kind not in SCALAR_BYTES:
        raise ValueError(f"a value is of the unknown type {kind}")
    return SCALAR_BYTES[kind]
