"""Whether a folder can hold a model: without PyTorch, so that an engine says so within a moment."""

from __future__ import annotations

from pathlib import Path

from azr_engine.errors import EngineError


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
