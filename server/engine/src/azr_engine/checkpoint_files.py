"""Whether the files of a checkpoint are whole, before anything of it is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from azr_engine.errors import EngineError
from azr_engine.tensor_files import DamagedFileError, StoredTensor, read_tensor_header

STATE = "checkpoint.json"
WEIGHTS = "weights.safetensors"
NEEDED = (WEIGHTS, "optimizer.safetensors", "random.safetensors")


def read_checkpoint_state(folder: Path) -> dict[str, Any]:
    """
    What its checkpoint.json says. Throws EngineError `checkpoint_damaged` when a file is missing,
    cut or not of this kind, so that a trainer is never left with half of a checkpoint.
    """
    try:
        state: dict[str, Any] = json.loads((folder / STATE).read_text())
        parameters = set(state["parameters"])
        average = ("average.safetensors",) if state.get("average_mass") is not None else ()
        for name in (*NEEDED, *average):
            stored = _header(folder / name).keys()
            lacking = parameters - stored if name in (WEIGHTS, *average) else set[str]()
            if lacking:
                raise DamagedFileError(f"{name} lacks {min(lacking)}")
    except (OSError, ValueError, LookupError, TypeError, DamagedFileError) as error:
        raise EngineError(
            "checkpoint_damaged",
            f"The checkpoint {folder} cannot be loaded: {_reason(error)}.",
            "Put it back from a copy, or go on from an older one with `azr resume --back-to`.",
            status=409,
        ) from error
    return state


def _header(file: Path) -> dict[str, StoredTensor]:
    try:
        return read_tensor_header(file)
    except DamagedFileError as error:
        raise DamagedFileError(f"{file.name} is damaged: {error}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"it has no {Path(error.filename).name}"
    if isinstance(error, DamagedFileError):
        return str(error)
    return f"it cannot be read ({type(error).__name__}: {error})"
