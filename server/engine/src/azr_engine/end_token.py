"""The token that a folder's tokenizer_config.json says ends a text, by its number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from azr_engine.model_folder import read_object


def end_token_of_tokenizer(folder: Path) -> list[int]:
    """One token or none; what ends a text is one of those that were added to a tokenizer."""
    file = folder / "tokenizer_config.json"
    named = read_object(file).get("eos_token") if file.is_file() else None
    content = named.get("content") if isinstance(named, dict) else named
    if not isinstance(content, str):
        return []
    added: Any = read_object(folder / "tokenizer.json").get("added_tokens")
    for token in added if isinstance(added, list) else []:
        if isinstance(token, dict) and token.get("content") == content:
            return [int(token["id"])]
    return []
