"""Writes tasks of a random teacher: `python -m azr_nano.teacher --output FILE --tasks N`.

Programs of every operator, untaught ones included, none of them held out: what the model could be
given in place of its own proposals. In the form of a file of held-out tasks.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

from azr_nano.corpus import random_example
from azr_nano.held_out import INDUCTION_EXAMPLES, MODES, task_of


def teacher_tasks(seed: int, tasks: int) -> list[dict[str, object]]:
    """`tasks` of them, the modes in turn."""
    rng = random.Random(f"teacher {seed}")
    made: list[dict[str, object]] = []
    for number in range(tasks):
        mode = MODES[number % len(MODES)]
        pairs = INDUCTION_EXAMPLES if mode == "induction" else 1
        made.append(task_of(mode, random_example(rng, "all", pairs)))
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tasks", type=int, required=True)
    arguments = parser.parse_args()
    lines = [json.dumps(task) for task in teacher_tasks(arguments.seed, arguments.tasks)]
    arguments.output.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
