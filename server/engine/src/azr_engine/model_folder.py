"""
Whether a folder can hold a model, and whether its weights are safetensors: without PyTorch, so that
an engine reports it at once. Other formats of weights are pickles, and reading one can run code.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn, TypeGuard, cast

from azr_engine.errors import EngineError
from azr_engine.tensor_files import DamagedFileError, read_tensor_header

SUFFIX = ".safetensors"
WEIGHTS = f"model{SUFFIX}"
INDEX = f"{WEIGHTS}.index.json"
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
# The index of a large model names every tensor: a few megabytes.
MOST_JSON_BYTES = 64 * 1024 * 1024
COPY = "Copy the model folder again from where it came from."
TO_SAFETENSORS = (
    "Use a copy of the model in safetensors: most have one on the Hub, and transformers writes one "
    "with save_pretrained where you trust the files that you have."
)


def check_model_folder(folder: Path) -> None:
    """Refuses a folder that cannot hold a model, before anything slow begins."""
    for name in ("config.json", "tokenizer.json"):
        if not (folder / name).is_file():
            raise EngineError(
                "model_not_found",
                f"{folder} has no {name}.",
                "Name the folder of a Hugging Face causal language model, with config.json, "
                "safetensors weights and tokenizer.json.",
                status=404,
            )
    config = read_object(folder / "config.json")
    if "transformers_weights" in config:
        _refuse(folder, "its config.json names a file of weights (transformers_weights)")
    quantization = config.get("quantization_config")
    if isinstance(quantization, dict):
        raise EngineError(
            "model_is_quantized",
            f"The weights in {folder} are quantised ({quantization.get('quant_method', '?')}), "
            "and such weights cannot be trained here.",
            "Use the model that they were made from: its page on the Hub names it.",
        )
    for file in weight_files(folder):
        _check_file(file)
    _check_index(folder)
    _check_sizes(folder, config)


def read_object(file: Path) -> dict[str, Any]:
    """A JSON object from a file of a model folder, which anybody may have written."""
    try:
        # Opening a pipe would wait for a program that writes into it.
        if not file.is_file():
            raise ValueError("it is not a file")
        with file.open("rb") as handle:
            data = handle.read(MOST_JSON_BYTES + 1)
        if len(data) > MOST_JSON_BYTES:
            raise ValueError(f"it has more than {MOST_JSON_BYTES} bytes")
        value: object = json.loads(data)
        if not isinstance(value, dict):
            raise ValueError("it is not an object")
    except (ValueError, RecursionError) as error:
        raise EngineError(
            "model_not_loadable",
            f"{file} cannot be read: {error}.",
            COPY,
        ) from error
    return value


def weight_files(folder: Path) -> list[Path]:
    """Those that transformers would load. Throws EngineError where they are not safetensors."""
    # transformers would load the model that the adapter names, and pickles beside it.
    if (folder / "adapter_config.json").exists():
        raise EngineError(
            "model_is_adapter",
            f"{folder} holds an adapter, or a model with one beside it (adapter_config.json).",
            "Merge the adapter into its model (merge_and_unload of PEFT), save that, and name it.",
        )
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    if (folder / INDEX).is_file():
        return [folder / name for name in sorted(set(_index(folder).values()))]
    pickles = sorted(file.name for pattern in PICKLES for file in folder.glob(pattern))
    if pickles:
        _refuse(folder, f"it has {pickles[0]}, and no {WEIGHTS}")
    raise EngineError(
        "model_not_found",
        f"{folder} has no weights: neither {WEIGHTS} nor {INDEX}.",
        "Name the folder of a Hugging Face causal language model with all of its files.",
        status=404,
    )


def _index(folder: Path) -> dict[str, str]:
    """The file of each tensor, by the tensor's name."""
    parts = read_object(folder / INDEX).get("weight_map")
    if not isinstance(parts, dict) or not all(map(_is_safetensors_here, parts.values())):
        _refuse(folder, f"{INDEX} names other files than safetensors beside it")
    return cast(dict[str, str], parts)


def _check_file(file: Path) -> None:
    try:
        read_tensor_header(file)
    except FileNotFoundError as error:
        reason = f"{INDEX} names it, and it is not there"
        raise _unreadable(file, reason, COPY) from error
    except OSError as error:
        raise _unreadable(file, error.strerror or str(error), "Make it readable.") from error
    except DamagedFileError as error:
        remedy = "Fetch it with `git lfs pull` in its folder." if error.pointer else COPY
        raise _unreadable(file, str(error), remedy) from error


def _check_index(folder: Path) -> None:
    if (folder / WEIGHTS).is_file() or not (folder / INDEX).is_file():
        return
    index = _index(folder)
    stored = {part: read_tensor_header(folder / part) for part in set(index.values())}
    for name, part in index.items():
        if name not in stored[part]:
            raise _unreadable(
                folder / part, f"{INDEX} says that it has {name}, and it has not", COPY
            )


def _unreadable(file: Path, reason: str, remedy: str) -> EngineError:
    return EngineError("model_not_loadable", f"{file} cannot be used: {reason}.", remedy)


def _check_sizes(folder: Path, config: dict[str, Any]) -> None:
    """
    Refuses a config.json of matrices larger than the files of weights: transformers allocates them
    before it compares. transformers itself refuses sizes that are not numbers.
    """
    # No known format stores more than two weights in a byte.
    most = 2 * sum(file.stat().st_size for file in folder.glob(f"*{SUFFIX}"))
    parts = [config, *(part for part in config.values() if isinstance(part, dict))]
    for part in parts:
        width = part.get("hidden_size", 1)
        for name in ("vocab_size", "intermediate_size", "num_hidden_layers", "hidden_size"):
            size = part.get(name)
            if _is_number(size) and _is_number(width) and size * width > most:
                raise EngineError(
                    "model_not_loadable",
                    f"{folder / 'config.json'} describes a larger model than the weights hold: "
                    f"its {name} is {size}.",
                    COPY,
                )


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_safetensors_here(name: object) -> bool:
    return isinstance(name, str) and name.endswith(SUFFIX) and name == Path(name).name


def _refuse(folder: Path, reason: str) -> NoReturn:
    raise EngineError(
        "weights_not_safetensors",
        f"The weights in {folder} are not read, because they are not safetensors: {reason}.",
        TO_SAFETENSORS,
    )
