"""The pretraining corpus: what each role is asked in the compact dialect, and what people answered.

A share of the worked answers is wrong in natural ways, as in any real corpus: the reader took the
program for a similar one, forgot a statement, or slipped by one. A model trained on it knows more
than it says, which is a part of the room that reinforcement learning has.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from azr_nano.programs import (
    Example,
    Program,
    compiled,
    digit,
    format_arguments,
    mistaken,
    random_example,
    random_value,
    related_example,
    run,
)

DOCUMENT_SHARE = {
    "solve deduction": 27,
    "solve abduction": 27,
    "solve induction": 30,
    "propose deduction": 5,
    "propose abduction": 5,
    "propose induction": 6,
}

FIRST_REFERENCE = ("def f(a):\n    return a", "'Hello world'", "'Hello world'")
"""The zero triplet that every run starts from (paper §3.3.1)."""


@dataclass(frozen=True)
class Document:
    prompt: str
    completion: str


def deduction_prompt(program: str, arguments: str) -> str:
    return f"[solve deduction]\n{program}\n# {arguments}\n-> "


def abduction_prompt(program: str, output: str) -> str:
    return f"[solve abduction]\n{program}\n-> {output}\n# "


def induction_prompt(message: str, pairs: list[tuple[str, str]]) -> str:
    shown = "".join(f"# {i}\n-> {o}\n" for i, o in pairs)
    return f"[solve induction]\n{message}\n{shown}"


def proposal_prompt(mode: str, references: list[tuple[str, str, str]]) -> str:
    shown = "".join(f"{p}\n# {i}\n-> {o}\n\n" for p, i, o in references)
    return f"[propose {mode}]\n{shown}"


def induction_proposal_prompt(program: str, inputs: int) -> str:
    return f"[propose induction]\n{program}\n{inputs} inputs\n"


def slip(rng: random.Random, value: Any) -> Any:
    """A value near `value`: off by a little, an element lost, doubled or swapped."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + rng.choice([-2, -1, 1, 2])
    items = list(value)
    if not items:
        return random_value(rng, "str") if isinstance(value, str) else [digit(rng)]
    place = rng.randrange(len(items))
    kind = rng.randrange(3)
    if kind == 0:
        del items[place]
    elif kind == 1:
        items.insert(place, items[place])
    else:
        items[place] = rng.choice("abcdefgh") if isinstance(value, str) else rng.randint(0, 9)
    return "".join(map(str, items)) if isinstance(value, str) else items


def literal(text: str) -> Any:
    """A value of our own generator back from its literal."""
    return eval(text, {"__builtins__": {}})


def wrong_output(rng: random.Random, example: Example) -> str:
    if rng.random() < 0.6:
        other = run(compiled(mistaken(rng, example.program).source), example.arguments[0])
        if other is not None:
            return other
    return repr(slip(rng, literal(example.outputs[0])))


def wrong_input(rng: random.Random, example: Example) -> str:
    arguments = list(example.arguments[0])
    place = rng.randrange(len(arguments))
    if rng.random() < 0.5:
        arguments[place] = slip(rng, arguments[place])
    else:
        arguments[place] = random_value(rng, example.program.parameters[place])
    return format_arguments(tuple(arguments))


def solve_deduction(rng: random.Random, mistakes: float) -> Document:
    example = random_example(rng)
    wrong = rng.random() < mistakes
    return Document(
        deduction_prompt(example.program.source, example.inputs[0]),
        wrong_output(rng, example) if wrong else example.outputs[0],
    )


def solve_abduction(rng: random.Random, mistakes: float) -> Document:
    example = random_example(rng)
    wrong = rng.random() < mistakes
    return Document(
        abduction_prompt(example.program.source, example.outputs[0]),
        wrong_input(rng, example) if wrong else example.inputs[0],
    )


def solve_induction(rng: random.Random, mistakes: float) -> Document:
    visible = rng.choice([2, 3, 3, 3, 4, 5])
    example = random_example(rng, visible)
    program: Program = example.program
    if rng.random() < mistakes:
        program = mistaken(rng, program)
    pairs = list(zip(example.inputs, example.outputs, strict=True))
    return Document(induction_prompt(example.program.message, pairs), program.source)


def propose(rng: random.Random, mode: str) -> Document:
    """K references, then a task: half of the time a relative of one of them."""
    examples = [random_example(rng) for _ in range(rng.choice([1, 2, 2, 3, 3, 3, 4, 5, 6]))]
    references = [(e.program.source, e.inputs[0], e.outputs[0]) for e in examples]
    if rng.random() < 0.1:
        references = [FIRST_REFERENCE, *references][: rng.randint(1, len(references))]
    related = rng.random() < 0.5
    made = related_example(rng, rng.choice(examples)) if related else random_example(rng)
    return Document(proposal_prompt(mode, references), f"{made.program.source}\n# {made.inputs[0]}")


def propose_induction(rng: random.Random) -> Document:
    inputs = rng.choice([4, 6, 6, 6, 8, 10])
    example = random_example(rng, inputs)
    lines = "".join(f"# {i}\n" for i in example.inputs)
    return Document(
        induction_proposal_prompt(example.program.source, inputs), lines + example.program.message
    )


def random_document(rng: random.Random, mistakes: float) -> Document:
    """One document; `mistakes` is the share of solver answers that are attempted wrongly."""
    kind = rng.choices(list(DOCUMENT_SHARE), list(DOCUMENT_SHARE.values()))[0]
    if kind == "solve deduction":
        return solve_deduction(rng, mistakes)
    if kind == "solve abduction":
        return solve_abduction(rng, mistakes)
    if kind == "solve induction":
        return solve_induction(rng, mistakes)
    if kind == "propose induction":
        return propose_induction(rng)
    return propose(rng, kind.removeprefix("propose "))
