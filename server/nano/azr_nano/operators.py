"""The operators of the embedded model's world, and which of them it is never told the meaning of.

An operator makes one value of another. The model learns to *write* every one of them, but no
document that it is taught to *solve* from has an untaught one: what those do, only the interpreter
can tell it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Literal

LETTERS = "abcdefgh"

Constants = tuple[dict[str, str], ...]
"""Every choice of an operator's constants, each by the names of their places in its text."""


def _between(low: int, high: int) -> Constants:
    return tuple({"c": str(number)} for number in range(low, high + 1))


_NONE: Constants = ({},)
_DIGIT = _between(1, 9)
_LETTER: Constants = tuple({"c": f"'{letter}'"} for letter in LETTERS)
_TWO_LETTERS: Constants = tuple(
    {"c": f"'{first}'", "d": f"'{second}'"} for first, second in permutations(LETTERS, 2)
)

Shape = Literal["binary", "postfix", "call", "enclosed"]
"""How an operator's text may be nested without parentheses, see `Operator`."""


@dataclass(frozen=True)
class Operator:
    """`text` is Python with `{x}` for the operand and `{c}`, `{d}` for constants."""

    name: str
    text: str
    takes: str
    """Type of the operand: `int`, `list` (of ints) or `str`."""
    gives: str
    shape: Shape
    constants: Constants = _NONE
    second: str = ""
    """Type of the second parameter that may stand for `{c}`; empty if none may."""

    @property
    def wraps(self) -> bool:
        """Whether any expression may stand where the operand is, without parentheses."""
        return self.shape in ("call", "enclosed")

    @property
    def is_tight(self) -> bool:
        """Whether the text may stand as an operand of any operator, without parentheses."""
        return self.shape in ("postfix", "call")


TAUGHT: tuple[Operator, ...] = (
    Operator("add", "{x} + {c}", "int", "int", "binary", _DIGIT, "int"),
    Operator("subtract", "{x} - {c}", "int", "int", "binary", _DIGIT, "int"),
    Operator("subtract from", "{c} - {x}", "int", "int", "binary", _DIGIT),
    Operator("multiply", "{x} * {c}", "int", "int", "binary", _between(2, 3)),
    Operator("remainder", "{x} % {c}", "int", "int", "binary", _between(2, 5)),
    Operator("larger", "max({x}, {c})", "int", "int", "call", _DIGIT, "int"),
    Operator("pair", "[{x}, {c}]", "int", "list", "call", _DIGIT, "int"),
    Operator("pair after", "[{c}, {x}]", "int", "list", "call", _DIGIT, "int"),
    Operator("repeat number", "[{x}] * {c}", "int", "list", "enclosed", _between(2, 3)),
    Operator("text of", "str({x})", "int", "str", "call"),
    Operator("append", "{x} + [{c}]", "list", "list", "binary", _DIGIT, "int"),
    Operator("put first", "[{c}] + {x}", "list", "list", "binary", _DIGIT, "int"),
    Operator("rest", "{x}[{c}:]", "list", "list", "postfix", _between(1, 3), "int"),
    Operator("beginning", "{x}[:{c}]", "list", "list", "postfix", _between(1, 3), "int"),
    Operator("twice", "{x} + {x}", "list", "list", "binary"),
    Operator(
        "add to each", "[i + {c} for i in {x}]", "list", "list", "call", _between(1, 5), "int"
    ),
    Operator("double each", "[i * 2 for i in {x}]", "list", "list", "call"),
    Operator(
        "keep larger", "[i for i in {x} if i > {c}]", "list", "list", "call", _between(1, 7), "int"
    ),
    Operator("leave out", "[i for i in {x} if i != {c}]", "list", "list", "call", _DIGIT, "int"),
    Operator("sum", "sum({x})", "list", "int", "call"),
    Operator("length", "len({x})", "list", "int", "call"),
    Operator("largest", "max({x})", "list", "int", "call"),
    Operator("element", "{x}[{c}]", "list", "int", "postfix", _between(0, 2)),
    Operator("last", "{x}[-1]", "list", "int", "postfix"),
    Operator("add letter", "{x} + {c}", "str", "str", "binary", _LETTER, "str"),
    Operator("letter first", "{c} + {x}", "str", "str", "binary", _LETTER, "str"),
    Operator("rest of text", "{x}[{c}:]", "str", "str", "postfix", _between(1, 3), "int"),
    Operator("beginning of text", "{x}[:{c}]", "str", "str", "postfix", _between(1, 3), "int"),
    Operator("repeat text", "{x} * {c}", "str", "str", "binary", _between(2, 3)),
    Operator("capitals", "{x}.upper()", "str", "str", "postfix"),
    Operator("replace", "{x}.replace({c}, {d})", "str", "str", "postfix", _TWO_LETTERS),
    Operator("letter", "{x}[{c}]", "str", "str", "postfix", _between(0, 2)),
    Operator("last letter", "{x}[-1]", "str", "str", "postfix"),
    Operator("length of text", "len({x})", "str", "int", "call"),
)

UNTAUGHT: tuple[Operator, ...] = (
    Operator("half", "{x} // {c}", "int", "int", "binary", _between(2, 3)),
    Operator("smaller", "min({x}, {c})", "int", "int", "call", _DIGIT, "int"),
    Operator("reverse", "{x}[::-1]", "list", "list", "postfix"),
    Operator("sort", "sorted({x})", "list", "list", "call"),
    Operator("every second", "{x}[::2]", "list", "list", "postfix"),
    Operator("all but last", "{x}[:-1]", "list", "list", "postfix"),
    Operator("smallest", "min({x})", "list", "int", "call"),
    Operator("count", "{x}.count({c})", "list", "int", "postfix", _DIGIT, "int"),
    Operator("reverse text", "{x}[::-1]", "str", "str", "postfix"),
    Operator("sort text", "''.join(sorted({x}))", "str", "str", "call"),
    Operator("every second letter", "{x}[::2]", "str", "str", "postfix"),
    Operator("all but last letter", "{x}[:-1]", "str", "str", "postfix"),
    Operator("count text", "{x}.count({c})", "str", "int", "postfix", _LETTER, "str"),
)


def by_type(operators: tuple[Operator, ...]) -> dict[str, tuple[Operator, ...]]:
    """The operators by the type of their operand."""
    return {
        kind: tuple(operator for operator in operators if operator.takes == kind)
        for kind in ("int", "list", "str")
    }


CONDITIONS: dict[str, tuple[str, Constants]] = {
    "int": ("{x} > {c}", _between(2, 9)),
    "list": ("len({x}) > {c}", _between(1, 4)),
    "str": ("len({x}) > {c}", _between(1, 4)),
}
"""What a guarded operator asks of its operand before it is applied."""
