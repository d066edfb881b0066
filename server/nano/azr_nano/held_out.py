"""Writes the frozen held-out set: `python -m azr_nano.probe --output FILE`.

Its programs are reserved by their digest and appear nowhere in the pretraining corpus, in no role.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path
from typing import Any

from azr_nano.programs import Example, random_example

TASKS_PER_MODE = 120
INDUCTION_EXAMPLES = 6
INDUCTION_VISIBLE = 3


def task(mode: str, example: Example) -> dict[str, Any]:
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


def probe_tasks(seed: int) -> list[dict[str, Any]]:
    """TASKS_PER_MODE tasks of each mode, no task twice."""
    rng = random.Random(seed)
    tasks: list[dict[str, Any]] = []
    for mode in ("deduction", "abduction", "induction"):
        found: dict[str, dict[str, Any]] = {}
        while len(found) < TASKS_PER_MODE:
            pairs = INDUCTION_EXAMPLES if mode == "induction" else 1
            made = task(mode, random_example(rng, pairs, held_out=True))
            found.setdefault(json.dumps(made), made)
        tasks += found.values()
    return tasks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=20250506)
    arguments = parser.parse_args()
    lines = [json.dumps(made) for made in probe_tasks(arguments.seed)]
    arguments.output.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
