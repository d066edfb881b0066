"""
`python -m azr_engine.memory_needs`: what models would need of a device, without an engine. On
standard input `{"device", "memory_mb", "questions": [{"model", "demand"}]}`, where `memory_mb` is
of a GPU with memory of its own, `model` is a folder or the packaged model's name, and `demand` is
the `memory_demand` of create_model. On standard output a list with an answer to each question:
`MemoryNeeds` of memory_plan.py, or `{"code", "error", "remedy"}`. Without PyTorch, it takes a tenth
of a second.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from azr_engine.errors import EngineError, invalid_request
from azr_engine.fields import Fields
from azr_engine.machine_memory import machine_memory_mb
from azr_engine.memory_demand import MemoryDemand
from azr_engine.memory_plan import DeviceMemory, memory_needs
from azr_engine.model_shape import read_model_shape
from azr_engine.packaged_model import PACKAGED_MODEL, PACKAGED_SHAPE

MOST_MEGABYTES = 1 << 30


def answers(request: Fields) -> list[dict[str, Any]]:
    """Throws EngineError for a request that is not one, never for a model."""
    device = _device(request)
    return [_answer(question, device) for question in request.objects("questions")]


def _device(request: Fields) -> DeviceMemory:
    kind = request.text("device")
    if kind != "cuda" and kind != "mps" and kind != "cpu":
        raise invalid_request(f"There is no device {kind!r}.")
    own_mb = request.optional_integer("memory_mb", 1, MOST_MEGABYTES)
    return DeviceMemory(kind, own_mb or machine_memory_mb())


def _answer(question: Fields, device: DeviceMemory) -> dict[str, Any]:
    model = question.text("model")
    demand = MemoryDemand.parse(question.object("demand"))
    try:
        shape = PACKAGED_SHAPE if model == PACKAGED_MODEL else read_model_shape(Path(model))
    except EngineError as error:
        return error.payload()
    return memory_needs(shape, demand, device).payload()


def main() -> None:
    print(json.dumps(answers(Fields(json.load(sys.stdin)))))


if __name__ == "__main__":
    main()
