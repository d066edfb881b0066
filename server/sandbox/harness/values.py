"""Values across the wall of the jail: arguments come in as literals, results go out as literals.

Only exact built-in types leave, so no method that a program defined is ever asked what its value
is. Order and equality are decided outside, on the text.
"""

import sys
from collections.abc import Callable
from typing import Any

DEPTH_LIMIT = 64

# Integers of more bits than this are refused before the quadratic conversion to decimal starts.
_BITS_PER_DIGIT = 3.3219280948873626


class UnserialisableError(Exception):
    """The value, or a part of it, is not of a built-in type that has a literal."""


class TooLargeError(Exception):
    """The literal would be longer than the limit."""


def allow_long_integers() -> None:
    """Lifts Python's limit on digits in text, so that every version behaves the same."""
    if hasattr(sys, "set_int_max_str_digits"):
        sys.set_int_max_str_digits(0)


def _collect(*positional: Any, **named: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return positional, named


def read_arguments(text: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The values of an argument list that the owner has already parsed and written out canonically.

    Runs inside the jail only, on text of the owner's own formatter: literals plus the names below.
    """
    names = {
        "__builtins__": {},
        "collect": _collect,
        "set": set,
        "frozenset": frozenset,
        "nan": float("nan"),
        "inf": float("inf"),
        "nanj": complex(0, float("nan")),
        "infj": complex(0, float("inf")),
    }
    return eval(compile(f"collect({text}\n)", "<input>", "eval", dont_inherit=True), names)


def write_literal(value: Any, characters: int) -> str:
    """`value` as a literal of at most `characters`; raises UnserialisableError or TooLargeError."""
    writer = _Writer(characters)
    writer.write(value, 0)
    return "".join(writer.parts)


class _Writer:
    def __init__(self, characters: int) -> None:
        self.parts: list[str] = []
        self.room = characters

    def emit(self, text: str) -> None:
        self.room -= len(text)
        if self.room < 0:
            raise TooLargeError
        self.parts.append(text)

    def write(self, value: Any, depth: int) -> None:
        # `type(value)` cannot be overridden by the value, unlike `isinstance` or `__class__`.
        write = _WRITERS.get(type(value))
        if write is None:
            raise UnserialisableError(f"a value of type {type(value).__name__}"[:120])
        write(self, value, depth)

    def scalar(self, value: Any, _depth: int) -> None:
        self.emit(repr(value))

    def complex_number(self, value: complex, _depth: int) -> None:
        # Python's own text loses the sign of a real part of zero: (-0-3j) reads back as 0-3j.
        imaginary = repr(value.imag)
        if value.real != 0 or not imaginary.startswith("-"):
            self.emit(repr(value))
        elif repr(value.real).startswith("-"):
            self.emit(f"{imaginary}j")
        else:
            self.emit(f"(0{imaginary}j)")

    def integer(self, value: int, _depth: int) -> None:
        if value.bit_length() > self.room * _BITS_PER_DIGIT + 8:
            raise TooLargeError
        self.emit(repr(value))

    def text(self, value: str | bytes, _depth: int) -> None:
        if len(value) > self.room:
            raise TooLargeError
        if type(value) is str and not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise UnserialisableError("a string with half of a surrogate pair") from None
        self.emit(repr(value))

    def key(self, value: Any, depth: int, written: set[str]) -> None:
        """Writes a member of a set or a key of a dict; `written` holds those before it."""
        start = len(self.parts)
        self.write(value, depth)
        text = "".join(self.parts[start:])
        if text in written:
            # Several nan, which Python keeps apart by their addresses only.
            raise UnserialisableError("a set or dict with two members that are written alike")
        written.add(text)

    def open(self, bracket: str, depth: int) -> None:
        if depth >= DEPTH_LIMIT:
            raise UnserialisableError(f"a value nested more than {DEPTH_LIMIT} deep")
        self.emit(bracket)

    def items(self, opening: str, items: Any, closing: str, depth: int) -> None:
        self.open(opening, depth)
        first = True
        for item in items:
            if not first:
                self.emit(", ")
            first = False
            self.write(item, depth + 1)
        self.emit(closing)

    def members(self, opening: str, members: Any, closing: str, depth: int) -> None:
        self.open(opening, depth)
        written: set[str] = set()
        for member in members:
            if written:
                self.emit(", ")
            self.key(member, depth + 1, written)
        self.emit(closing)

    def list_items(self, value: list[Any], depth: int) -> None:
        self.items("[", value, "]", depth)

    def tuple_items(self, value: tuple[Any, ...], depth: int) -> None:
        self.items("(", value, ",)" if len(value) == 1 else ")", depth)

    def set_items(self, value: set[Any], depth: int) -> None:
        if value:
            self.members("{", value, "}", depth)
        else:
            self.emit("set()")

    def frozenset_items(self, value: frozenset[Any], depth: int) -> None:
        if value:
            # Written with two brackets, so it counts as two levels for whoever reads it.
            self.members("frozenset({", value, "})", depth + 1)
        else:
            self.emit("frozenset()")

    def dict_items(self, value: dict[Any, Any], depth: int) -> None:
        self.open("{", depth)
        written: set[str] = set()
        for key, item in value.items():
            if written:
                self.emit(", ")
            self.key(key, depth + 1, written)
            self.emit(": ")
            self.write(item, depth + 1)
        self.emit("}")


_WRITERS: dict[type, Callable[[_Writer, Any, int], None]] = {
    type(None): _Writer.scalar,
    bool: _Writer.scalar,
    float: _Writer.scalar,
    complex: _Writer.complex_number,
    int: _Writer.integer,
    str: _Writer.text,
    bytes: _Writer.text,
    list: _Writer.list_items,
    tuple: _Writer.tuple_items,
    set: _Writer.set_items,
    frozenset: _Writer.frozenset_items,
    dict: _Writer.dict_items,
}
