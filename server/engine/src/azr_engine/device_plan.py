"""What this engine plans for a model that it is about to load, on the device that it uses."""

from __future__ import annotations

from pathlib import Path

import torch

from azr_engine.errors import DoesNotFitError
from azr_engine.machine_memory import machine_memory_mb
from azr_engine.memory_demand import MemoryDemand
from azr_engine.memory_plan import DeviceMemory, MemoryPlan, memory_needs
from azr_engine.model_shape import read_model_shape
from azr_engine.precision import choose_device


def plan_for_device(folder: Path, demand: MemoryDemand | None) -> MemoryPlan:
    """The engine's defaults where nothing is demanded. Throws DoesNotFitError."""
    if demand is None:
        return MemoryPlan()
    needs = memory_needs(read_model_shape(folder), demand, _device_memory())
    if needs.fits:
        return needs.plan
    raise DoesNotFitError(
        f"The model does not fit the memory of the engine's {needs.device.upper()}: it would take "
        f"{needs.wanted_mb} MiB of {needs.usable_mb} MiB usable.",
        "Ask for adapters, a lower rank or fewer tokens, or use a smaller model.",
        needs.payload(),
    )


def _device_memory() -> DeviceMemory:
    """A GPU of NVIDIA's has memory of its own."""
    kind = choose_device().type
    if kind == "cuda":
        return DeviceMemory("cuda", int(torch.cuda.mem_get_info()[1]) >> 20)
    return DeviceMemory("mps" if kind == "mps" else "cpu", machine_memory_mb())
