"""What a list of numbers in a request may hold."""

from __future__ import annotations

import json
from typing import Any

import pytest

from azr_engine.errors import EngineError
from azr_engine.fields import Fields
from azr_engine.requests import parse_forward_input


def fields_of(text: str) -> Fields:
    return Fields(json.loads(f'{{"list": {text}}}'))


@pytest.mark.parametrize("text", ["[]", "[0, 1, -2]", "[123456789012345678901234567890]"])
def test_integers_are_read_as_they_come(text: str) -> None:
    assert fields_of(text).integers("list") == json.loads(text)


@pytest.mark.parametrize("text", ["[1, true]", "[1.0]", '["1"]', "[null]", "3", "{}", "[[1]]"])
def test_whatever_else_is_no_integer(text: str) -> None:
    with pytest.raises(EngineError, match="'list' of the request must be a list of integers"):
        fields_of(text).integers("list")


@pytest.mark.parametrize("text", ["[]", "[0, 1.5, -2e300]"])
def test_numbers_are_read_as_they_come(text: str) -> None:
    assert fields_of(text).numbers("list") == json.loads(text)


# The last is an integer that no float is near.
@pytest.mark.parametrize(
    "text", ["[NaN]", "[1, Infinity]", "[1e999]", "[true]", '["1"]', "[null]", f"[1{'0' * 400}]"]
)
def test_numbers_are_finite(text: str) -> None:
    with pytest.raises(EngineError, match="must be a list of finite numbers"):
        fields_of(text).numbers("list")


@pytest.mark.parametrize(
    ("log_probs", "advantages", "start"),
    [
        ([0, 0, -1.5, -2], [0, 0, 1, 1], 2),
        ([0, 0, 0, -2], [0, 0.5, 1, 1], 1),
        ([0, 0, -1.5, 0], [0, 0, 0, 0], 2),
        ([0, 0, 0, 0], [0, 0, 0, 0], 3),
    ],
)
def test_the_loss_begins_where_something_is_not_0(
    log_probs: list[float], advantages: list[float], start: int
) -> None:
    inputs: dict[str, Any] = {
        "target_tokens": {"data": [2, 3, 4, 5]},
        "logprobs": {"data": log_probs},
        "advantages": {"data": advantages},
    }
    datum = {"model_input": {"chunks": [{"tokens": [1, 2, 3, 4]}]}, "loss_fn_inputs": inputs}
    (sequence,), loss = parse_forward_input(Fields({"data": [datum], "loss_fn": "ppo"}))
    assert sequence.start == start
    assert loss.name == "ppo"
