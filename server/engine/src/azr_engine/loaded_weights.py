"""
Whether the weights of a folder are those of the model that its config.json describes. transformers
fills what is missing with random numbers and leaves out what it does not know, without an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from azr_engine.errors import EngineError

NAMED_TENSORS = 3
REMEDY = "Copy the model folder again from where it came from, all of its files."


def check_loading(folder: Path, network: nn.Module, information: dict[str, Any]) -> None:
    """
    Throws EngineError `weights_do_not_fit` with the names of tensors. `information` is what
    from_pretrained tells with output_loading_info, when it ignores sizes that do not fit.
    """
    missing = sorted(information["missing_keys"])
    if missing:
        _refuse(folder, f"config.json describes tensors that the weights lack: {_named(missing)}")
    mismatched = sorted(information["mismatched_keys"])
    if mismatched:
        name, stored, wanted = mismatched[0]
        sizes = f"{_size(stored)} in the weights, {_size(wanted)} by config.json"
        _refuse(folder, f"tensors have another size: {name} is {sizes} ({len(mismatched)} in all)")
    beyond = sorted(filter(_Beyond(network), information["unexpected_keys"]))
    if beyond:
        _refuse(folder, f"the weights hold tensors that config.json leaves out: {_named(beyond)}")


def check_finite(folder: Path, weights: Iterable[tuple[str, Tensor]]) -> None:
    """Throws EngineError `weights_not_finite` for a weight that is NaN or infinite."""
    for name, values in weights:
        if values.is_floating_point() and not bool(torch.isfinite(values).all()):
            raise EngineError(
                "weights_not_finite",
                f"The weights in {folder} cannot be trained: {name} holds infinities or NaN.",
                REMEDY,
            )


class _Beyond:
    """
    Tells tensors of the model's own kind, such as those of a layer more than it has, from ones of
    other parts, such as what sees images, that a language model does without.
    """

    def __init__(self, network: nn.Module) -> None:
        self._kinds = {_kind(name) for name in network.state_dict()}
        self._matrices = {
            name for name, module in network.named_modules() if isinstance(module, nn.Linear)
        }

    def __call__(self, name: str) -> bool:
        parent, _, last = name.rpartition(".")
        return _kind(name) in self._kinds or (last == "bias" and parent in self._matrices)


def _kind(name: str) -> str:
    return re.sub(r"\d+", "#", name)


def _named(names: list[str]) -> str:
    more = len(names) - NAMED_TENSORS
    return ", ".join(names[:NAMED_TENSORS]) + (f" and {more} more" if more > 0 else "")


def _size(sizes: Any) -> str:
    return "x".join(str(size) for size in sizes)


def _refuse(folder: Path, reason: str) -> None:
    raise EngineError(
        "weights_do_not_fit", f"The model in {folder} cannot be loaded: {reason}.", REMEDY
    )
