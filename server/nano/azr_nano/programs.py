"""Programs of the embedded model's world: one to three operators, applied one after another.

Every program is made here, from our own table, which is why running it outside a jail is fine.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from azr_nano.operators import CONDITIONS, LETTERS, TAUGHT, UNTAUGHT, Operator, by_type

LONGEST_LITERAL = 24
GUARD_SHARE = 0.15
SECOND_PARAMETER_SHARE = 0.3
NESTED_SHARE = 0.5
HELD_OUT_CLASSES = 16
"""A program's digest puts it into one of this many classes."""
RESERVED = ("probe", "tuning")
"""The sets of held-out tasks; the programs of class n are reserved for the nth of them."""
ALONE = (
    "def f(x):\n    return {operand}",
    "def f(x):\n    x = {operand}\n    return x",
    "def f(x):\n    t = {operand}\n    return t",
)
"""How a program of one operator is spelled."""


Which = Literal["all", "taught", "untaught"]
"""Which operators a program is made of."""
CHOICES: dict[Which, dict[str, tuple[Operator, ...]]] = {
    "all": by_type((*TAUGHT, *UNTAUGHT)),
    "taught": by_type(TAUGHT),
    "untaught": by_type(UNTAUGHT),
}


@dataclass(frozen=True)
class Applied:
    """An operator with its constants, as a program applies it."""

    operator: Operator
    values: dict[str, str]
    guard: str = ""
    """A condition with `{x}`: the operator is applied only where it holds. Empty if always."""

    def of(self, operand: str) -> str:
        return self.operator.text.format(x=operand, **self.values)


@dataclass(frozen=True)
class Program:
    parameters: tuple[str, ...]
    """Type of each parameter: `int`, `list` or `str`."""
    applied: tuple[Applied, ...]
    source: str

    @property
    def result(self) -> str:
        """Type of what it returns."""
        return self.applied[-1].operator.gives

    @property
    def is_taught(self) -> bool:
        return not any(applied.operator in UNTAUGHT for applied in self.applied)

    @property
    def size(self) -> int:
        """How many operators it combines; a guard counts as one."""
        return len(self.applied) + sum(applied.guard != "" for applied in self.applied)

    @property
    def message(self) -> str:
        """What an induction task tells about the program: its types, no more."""
        return " and ".join(self.parameters) + " to " + self.result


def random_program(rng: random.Random, size: int, of: Which) -> Program:
    """A program that combines `size` operators, guards included."""
    while True:
        parameters = [rng.choice(["int", "list", "list", "str", "str"])]
        applied: list[Applied] = []
        kind, left = parameters[0], size
        while left > 0:
            choices = CHOICES[of][kind]
            if not choices:
                break
            operator = rng.choice(choices)
            guarded = left > 1 and operator.gives == kind and rng.random() < GUARD_SHARE
            guard = ""
            if guarded:
                condition, constants = CONDITIONS[kind]
                guard = condition.format(x="{x}", **rng.choice(constants))
            values = rng.choice(operator.constants)
            if operator.second and len(parameters) == 1 and rng.random() < SECOND_PARAMETER_SHARE:
                parameters.append(operator.second)
                values = {**values, "c": "y"}
            applied.append(Applied(operator, values, guard))
            kind = operator.gives
            left -= 2 if guarded else 1
        if left == 0:
            return Program(tuple(parameters), tuple(applied), _written(rng, parameters, applied))


def _written(rng: random.Random, parameters: list[str], applied: list[Applied]) -> str:
    """The program as text: operators nested where that needs no parentheses, else in statements."""
    lines: list[str] = []
    name, operand, is_tight = "x", "x", True
    for place, step in enumerate(applied):
        if operand != name and not (step.operator.wraps or is_tight):
            lines.append(f"    {name} = {operand}")
            operand = name
        if step.guard:
            if operand != name:
                lines.append(f"    {name} = {operand}")
            lines.append(f"    if {step.guard.format(x=name)}:\n        {name} = {step.of(name)}")
            operand, is_tight = name, True
            continue
        operand, is_tight = step.of(operand), step.operator.is_tight
        doubles = step.operator.text.count("{x}") > 1
        is_last = place + 1 == len(applied)
        if is_last or doubles or rng.random() >= NESTED_SHARE or applied[place + 1].guard:
            spelling = rng.random()
            if is_last and spelling < 0.7:
                break
            name = rng.choice(["x", "t"]) if name == "x" else "t"
            lines.append(f"    {name} = {operand}")
            operand, is_tight = name, True
    names = ", ".join("xy"[: len(parameters)])
    return "\n".join((f"def f({names}):", *lines, f"    return {operand}"))


def random_value(rng: random.Random, kind: str) -> Any:
    if kind == "int":
        return rng.randint(0, 12)
    if kind == "list":
        return [rng.randint(0, 9) for _ in range(rng.choice([1, 2, 3, 3, 4, 4, 5]))]
    return "".join(rng.choice(LETTERS) for _ in range(rng.choice([1, 2, 3, 3, 4, 5])))


def random_arguments(rng: random.Random, program: Program) -> tuple[Any, ...]:
    return tuple(random_value(rng, kind) for kind in program.parameters)


def format_arguments(arguments: tuple[Any, ...]) -> str:
    return ", ".join(map(repr, arguments))


@lru_cache(maxsize=1 << 16)
def compiled(source: str) -> Callable[..., Any]:
    namespace: dict[str, Any] = {}
    exec(compile(source, "<program>", "exec"), namespace)
    return namespace["f"]


def run(function: Callable[..., Any], arguments: tuple[Any, ...]) -> str | None:
    """The result as a literal, or None where the program fails or the literal is long."""
    try:
        text = repr(function(*[list(a) if isinstance(a, list) else a for a in arguments]))
    except Exception:  # the program's own failure, of any kind, only makes the pair unusable
        return None
    return text if len(text) <= LONGEST_LITERAL else None


def digest(source: str) -> bytes:
    return hashlib.sha256(source.encode()).digest()


def _reserved_alone() -> dict[str, str]:
    """
    Of every untaught operator, its one-operator programs with the two smallest digests, by the set
    that each is reserved for: chance alone would leave most of these operators out of the sets.
    """
    found: dict[str, str] = {}
    for operator in UNTAUGHT:
        spelled = [
            spelling.format(operand=operator.text.format(x="x", **constants))
            for constants in operator.constants
            for spelling in ALONE
        ]
        found |= dict(zip(sorted(spelled, key=digest), RESERVED, strict=False))
    return found


RESERVED_ALONE = _reserved_alone()


def reserved_for(program: Program) -> str | None:
    """The set of held-out tasks that a program is reserved for, decided by its text alone."""
    if len(program.applied) == 1 and not program.is_taught:
        return RESERVED_ALONE.get(program.source)
    number = digest(program.source)[0] % HELD_OUT_CLASSES
    return RESERVED[number] if number < len(RESERVED) else None


@dataclass(frozen=True)
class Example:
    """A program with some of its input-output pairs, as literals."""

    program: Program
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def example_of(rng: random.Random, program: Program, pairs: int) -> Example | None:
    """`pairs` distinct pairs of `program`, or None where it fails too often."""
    function = compiled(program.source)
    found: dict[str, str] = {}
    for _ in range(pairs * 3):
        arguments = random_arguments(rng, program)
        output = run(function, arguments)
        if output is not None:
            found.setdefault(format_arguments(arguments), output)
        if len(found) == pairs:
            return Example(program, tuple(found), tuple(found.values()))
    return None
