"""Writes a frozen set of held-out tasks: `python -m azr_nano.held_out --set probe --output FILE`.

Its programs are reserved and appear nowhere in the pretraining corpus, in no role. Two sets with
different programs: recipes are chosen on `tuning`, and what is reported is measured on `probe`.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path
from typing import Any

from azr_nano.corpus import abduction_prompt, deduction_prompt, induction_prompt
from azr_nano.programs import (
    RESERVED,
    Example,
    Program,
    Which,
    example_of,
    random_program,
    reserved_for,
)

TASKS_PER_MODE_AND_STRATUM = 120
INDUCTION_EXAMPLES = 6
INDUCTION_VISIBLE = 3
MODES = ("deduction", "abduction", "induction")
STRATA: dict[str, tuple[int, Which]] = {
    "taught": (1, "taught"),
    "untaught": (1, "untaught"),
    "two combined": (2, "all"),
    "three combined": (3, "all"),
}
"""Of each stratum, how many operators its programs combine, and which."""


def _reserved_program(rng: random.Random, name: str, stratum: str) -> Program:
    size, of = STRATA[stratum]
    while True:
        program = random_program(rng, size, of)
        if reserved_for(program) == name:
            return program


def _tells_more_than_its_input(example: Example) -> bool:
    """Whether an answer that repeats what is given would be wrong for every pair."""
    pairs = zip(example.inputs, example.outputs, strict=True)
    return all(output not in given.split(", ") and output != given for given, output in pairs)


def task_of(mode: str, example: Example) -> dict[str, Any]:
    """A task in the form of a line of the file."""
    pairs = zip(example.inputs, example.outputs, strict=True)
    fields: dict[str, Any] = {
        "mode": mode,
        "program": example.program.source,
        "examples": [{"input": given, "output": output} for given, output in pairs],
        "visible": 0,
    }
    if mode == "induction":
        fields |= {"visible": INDUCTION_VISIBLE, "message": example.program.message}
    return fields


def held_out_tasks(name: str, seed: int) -> list[dict[str, Any]]:
    """TASKS_PER_MODE_AND_STRATUM tasks of each mode and stratum, no task twice."""
    rng = random.Random(f"{name} {seed}")
    tasks: list[dict[str, Any]] = []
    for mode in MODES:
        for stratum in STRATA:
            found: dict[str, dict[str, Any]] = {}
            while len(found) < TASKS_PER_MODE_AND_STRATUM:
                pairs = INDUCTION_EXAMPLES if mode == "induction" else 1
                example = example_of(rng, _reserved_program(rng, name, stratum), pairs)
                if example is None:
                    continue
                if mode != "induction" and not _tells_more_than_its_input(example):
                    continue
                made = {"stratum": stratum, **task_of(mode, example)}
                found.setdefault(json.dumps(made), made)
            tasks += found.values()
    return tasks


def prompt_of(task: dict[str, Any]) -> str:
    """What the solver is asked, in the compact dialect."""
    pairs = [(pair["input"], pair["output"]) for pair in task["examples"]]
    if task["mode"] == "deduction":
        return deduction_prompt(task["program"], pairs[0][0])
    if task["mode"] == "abduction":
        return abduction_prompt(task["program"], pairs[0][1])
    return induction_prompt(task["message"], pairs[: task["visible"]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", choices=RESERVED, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=20250506)
    arguments = parser.parse_args()
    lines = [json.dumps(task) for task in held_out_tasks(arguments.set, arguments.seed)]
    arguments.output.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
