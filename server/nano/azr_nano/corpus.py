"""The pretraining corpus: what each role is asked in the compact dialect, and what is right.

Every answer is right. What the model is never told is what the untaught operators do: they occur
only where it learns to propose, and there no loss is put on what their programs give. Outputs of
other programs are learned wherever they stand, in prompts too: each is one more answer.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from azr_nano.programs import (
    Example,
    Program,
    Which,
    example_of,
    random_program,
    reserved_for,
)

DOCUMENT_SHARE = {
    "solve deduction": 32,
    "solve abduction": 24,
    "solve induction": 32,
    "propose deduction": 4,
    "propose abduction": 4,
    "propose induction": 4,
}
SIZES = (1, 1, 1, 1, 2, 2, 2, 3)
"""How many operators a program combines, drawn alike."""

FIRST_REFERENCE = ("def f(a):\n    return a", "'Hello world'", "'Hello world'")
"""The zero triplet that every run starts from (paper §3.3.1)."""


Part = tuple[str, bool]
"""A piece of a prompt, and whether it is learned; the others are only read."""


@dataclass(frozen=True)
class Document:
    parts: tuple[Part, ...]
    """The prompt, in pieces that end where tokens do."""
    completion: str
    program: Program
    """What it is about: the program asked for, asked about or proposed."""

    @property
    def prompt(self) -> str:
        return "".join(text for text, _ in self.parts)


def read_only(prompt: str) -> tuple[Part, ...]:
    return ((prompt, False),)


def deduction_prompt(program: str, arguments: str) -> str:
    return f"[solve deduction]\n{program}\n# {arguments}\n-> "


def abduction_prompt(program: str, output: str) -> str:
    return f"[solve abduction]\n{program}\n-> {output}\n# "


def induction_prompt(message: str, pairs: list[tuple[str, str]]) -> str:
    return "".join(text for text, _ in _induction_parts(message, pairs))


def _induction_parts(message: str, pairs: list[tuple[str, str]]) -> list[Part]:
    """Outputs after the first pair are learned: they follow from the rule that the pairs share."""
    parts: list[Part] = [(f"[solve induction]\n{message}", False)]
    for place, (given, output) in enumerate(pairs):
        parts += [(f"\n# {given}\n-> ", False), (output, place > 0)]
    return [*parts, ("\n", False)]


def proposal_prompt(mode: str, references: list[tuple[str, str, str]]) -> str:
    return "".join(text for text, _ in _proposal_parts(mode, references, set()))


def _proposal_parts(
    mode: str, references: list[tuple[str, str, str]], taught: set[str]
) -> list[Part]:
    """Outputs of the programs of `taught` are learned."""
    parts: list[Part] = [(f"[propose {mode}]\n", False)]
    for program, given, output in references:
        shown = f"{program}\n# {given}\n-> "
        parts += [(shown, False), (output, program in taught), ("\n\n", False)]
    return parts


def induction_proposal_prompt(program: str, inputs: int) -> str:
    return f"[propose induction]\n{program}\n{inputs} inputs\n"


def random_example(rng: random.Random, of: Which, pairs: int = 1) -> Example:
    """A program that no set of held-out tasks reserves, with `pairs` of its pairs."""
    while True:
        program = random_program(rng, rng.choice(SIZES), of)
        example = None if reserved_for(program) else example_of(rng, program, pairs)
        if example is not None:
            return example


def solve_deduction(rng: random.Random) -> Document:
    example = random_example(rng, "taught")
    prompt = deduction_prompt(example.program.source, example.inputs[0])
    return Document(read_only(prompt), example.outputs[0], example.program)


def solve_abduction(rng: random.Random) -> Document:
    example = random_example(rng, "taught")
    prompt = abduction_prompt(example.program.source, example.outputs[0])
    return Document(read_only(prompt), example.inputs[0], example.program)


def solve_induction(rng: random.Random) -> Document:
    example = random_example(rng, "taught", rng.choice([2, 3, 3, 3, 4, 5]))
    pairs = list(zip(example.inputs, example.outputs, strict=True))
    parts = _induction_parts(example.program.message, pairs)
    return Document(tuple(parts), example.program.source, example.program)


def propose(rng: random.Random, mode: str) -> Document:
    """Up to six references, then a task that shares no more than the world with them."""
    count = rng.choice([1, 2, 2, 3, 3, 3, 3, 6])
    examples = [random_example(rng, "all") for _ in range(count)]
    references = [(e.program.source, e.inputs[0], e.outputs[0]) for e in examples]
    if rng.random() < 0.1:
        references = [FIRST_REFERENCE, *references][: rng.randint(1, count)]
    made = random_example(rng, "all")
    completion = f"{made.program.source}\n# {made.inputs[0]}"
    taught = {example.program.source for example in examples if example.program.is_taught}
    return Document(tuple(_proposal_parts(mode, references, taught)), completion, made.program)


def propose_induction(rng: random.Random) -> Document:
    inputs = rng.choice([4, 6, 6, 6, 8, 10])
    example = random_example(rng, "all", inputs)
    lines = "".join(f"# {i}\n" for i in example.inputs)
    prompt = induction_proposal_prompt(example.program.source, inputs)
    return Document(read_only(prompt), lines + example.program.message, example.program)


def random_document(rng: random.Random) -> Document:
    kind = rng.choices(list(DOCUMENT_SHARE), list(DOCUMENT_SHARE.values()))[0]
    if kind == "solve deduction":
        return solve_deduction(rng)
    if kind == "solve abduction":
        return solve_abduction(rng)
    if kind == "solve induction":
        return solve_induction(rng)
    if kind == "propose induction":
        return propose_induction(rng)
    return propose(rng, kind.removeprefix("propose "))
