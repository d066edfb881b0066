"""What the embedded model was taught, and what it was not."""

from __future__ import annotations

import ast
import json
import random
import re
import sys
from pathlib import Path

import pytest
from azr_nano.corpus import Document, random_document
from azr_nano.held_out import STRATA, held_out_tasks
from azr_nano.operators import TAUGHT, UNTAUGHT
from azr_nano.programs import RESERVED, compiled, random_program, reserved_for, run

SERVER = Path(__file__).resolve().parents[2]
PROGRAM = re.compile(r"def f\([^)]*\):\n(?:    .*\n)*?    return [^\n]*")
NOT_TAUGHT = re.compile(
    r"\[::-1\]|\[::2\]|\[:-1\]|sorted\(|min\(|\.count\(|//",
)
"""The untaught operators as they are written, put down here by hand."""


sys.path.insert(0, str(SERVER / "sandbox"))


def normal_form(source: str) -> str:
    """The form by which the loop recognises a held-out program."""
    from harness import normal_form as harness

    return harness.structure(ast.parse(source))


def programs_in(document: Document) -> list[str]:
    return PROGRAM.findall(f"{document.prompt}\n{document.completion}")


def test_no_document_of_a_million_holds_a_held_out_program_or_solves_an_untaught_operator():
    reserved = {
        normal_form(task["program"]) for name in RESERVED for task in held_out_tasks(name, 20250506)
    }
    rng = random.Random(17)
    seen: set[str] = set()
    solved = 0
    for _ in range(1_000_000):
        document = random_document(rng)
        seen.update(programs_in(document))
        if document.prompt.startswith("[solve"):
            solved += 1
            assert not NOT_TAUGHT.search(document.prompt + document.completion), document
    assert solved > 800_000
    assert len(seen) > 100_000
    assert not {source for source in seen if normal_form(source) in reserved}


def test_the_untaught_operators_are_those_that_the_pattern_names():
    texts = [operator.text.format(x="x", **operator.constants[0]) for operator in TAUGHT]
    assert not [text for text in texts if NOT_TAUGHT.search(text)]
    texts = [operator.text.format(x="x", **operator.constants[0]) for operator in UNTAUGHT]
    assert not [text for text in texts if not NOT_TAUGHT.search(text)]


def test_every_answer_is_right():
    rng = random.Random(3)
    kinds: set[str] = set()
    for _ in range(3_000):
        document = random_document(rng)
        kind = document.prompt.split("\n")[0]
        kinds.add(kind)
        if kind == "[solve deduction]":
            _, _, given = document.prompt.partition("\n# ")
            check_pair(document.program.source, given.split("\n")[0], document.completion)
        elif kind == "[solve abduction]":
            _, _, output = document.prompt.rpartition("\n-> ")
            check_pair(document.program.source, document.completion, output.split("\n")[0])
        elif kind == "[solve induction]":
            pairs = re.findall(r"# (.*)\n-> (.*)\n", document.prompt)
            assert len(pairs) >= 2
            for given, output in pairs:
                check_pair(document.completion, given, output)
    assert len(kinds) == 6


def check_pair(source: str, given: str, output: str) -> None:
    arguments = ast.literal_eval(f"({given},)")
    assert run(compiled(source), arguments) == output, (source, given)


@pytest.mark.parametrize("name", RESERVED)
def test_the_sets_of_held_out_tasks_are_whole_and_apart(name: str):
    tasks = held_out_tasks(name, 20250506)
    cells: dict[tuple[str, str], int] = {}
    for task in tasks:
        cell = task["mode"], task["stratum"]
        cells[cell] = cells.get(cell, 0) + 1
        for pair in task["examples"]:
            check_pair(task["program"], pair["input"], pair["output"])
    assert len(cells) == 3 * len(STRATA)
    assert set(cells.values()) == {120}
    (other,) = set(RESERVED) - {name}
    others = {normal_form(task["program"]) for task in held_out_tasks(other, 20250506)}
    assert not {normal_form(task["program"]) for task in tasks} & others


def test_every_untaught_operator_is_in_the_probe():
    tasks = held_out_tasks("probe", 20250506)
    alone = "\n".join(task["program"] for task in tasks if task["stratum"] == "untaught")
    assert set(NOT_TAUGHT.findall(alone)) == {
        *("[::-1]", "[::2]", "[:-1]", "sorted(", "min(", ".count(", "//"),
    }


def test_the_shipped_probe_is_what_the_script_writes():
    shipped = (SERVER / "models" / "azr-nano" / "probe.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in shipped] == held_out_tasks("probe", 20250506)


def test_a_program_combines_as_many_operators_as_asked_for():
    rng = random.Random(5)
    for size in (1, 2, 3):
        for _ in range(200):
            program = random_program(rng, size, "all")
            assert program.size == size
            assert compiled(program.source)


def test_a_program_is_reserved_by_its_text_alone():
    rng = random.Random(6)
    programs = [random_program(rng, 2, "all") for _ in range(4_000)]
    reserved = [program for program in programs if reserved_for(program)]
    assert 0.08 < len(reserved) / len(programs) < 0.17
