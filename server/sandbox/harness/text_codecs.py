"""Codecs that a program can name without a file being read: those written in C in every Python.

The others of the standard library are neither in the WebAssembly interpreter nor readable in a
jail. A program that names one is told so, in either engine, instead of that there is no such codec.
"""

import _codecs
import codecs
from collections.abc import Callable
from encodings import normalize_encoding
from encodings.aliases import aliases
from typing import Any

_WRITTEN_IN_C = (
    *("raw_unicode_escape", "unicode_escape", "utf_7"),
    *("utf_16_be", "utf_16_le", "utf_32", "utf_32_be", "utf_32_le"),
)

# Of the standard library, and nobody's alias.
_WITHOUT_ALIAS = frozenset(
    {
        *("charmap", "cp1006", "cp720", "cp737", "cp856", "cp874", "cp875", "koi8_t", "koi8_u"),
        *("mac_arabic", "mac_croatian", "mac_farsi", "mac_romanian", "palmos", "punycode"),
        *("undefined", "utf_8_sig"),
    }
)
# Windows alone has them.
_OF_ONE_SYSTEM = frozenset({"mbcs", "oem"})


def register() -> None:
    """Makes the codecs known to Python; they are asked for after Python's own search."""
    codecs.register(_find)


def _find(name: str) -> codecs.CodecInfo | None:
    normal = normalize_encoding(name).lower()
    canonical = aliases.get(normal) or aliases.get(normal.replace(".", "_")) or normal
    if canonical in _WRITTEN_IN_C:
        return _codec(canonical)
    if canonical in _WITHOUT_ALIAS or canonical in {*aliases.values()} - _OF_ONE_SYSTEM:
        raise ImportError(
            f"the sandbox has no codec {name}; it has ascii, idna, latin-1, unicode_escape, "
            "raw_unicode_escape, utf-7, utf-8, utf-16 and utf-32"
        )
    return None


def _codec(name: str) -> codecs.CodecInfo:
    encode: Callable[..., tuple[bytes, int]] = getattr(_codecs, f"{name}_encode")
    read: Callable[..., tuple[str, int]] = getattr(_codecs, f"{name}_decode")

    def decode(data: Any, errors: str = "strict") -> tuple[str, int]:
        # What is cut off at the end is an error, not the beginning of more.
        return read(data, errors, True)

    return codecs.CodecInfo(encode, decode, name=name.replace("_", "-"))
