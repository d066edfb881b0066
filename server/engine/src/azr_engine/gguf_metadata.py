"""The key-value pairs of a GGUF file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azr_engine.errors import EngineError


@dataclass(frozen=True)
class Metadata:
    path: Path
    values: dict[str, Any]

    def get(self, name: str) -> Any:
        """Throws an EngineError where the file lacks the key."""
        if name not in self.values:
            raise unusable(self.path, f"its metadata has no {name}")
        return self.values[name]

    def of_architecture(self, name: str) -> Any:
        return self.get(f"{self.get('general.architecture')}.{name}")


def unusable(path: Path, reason: str) -> EngineError:
    return EngineError(
        "gguf_unusable",
        f"{path.name} cannot be used: {reason}.",
        "Copy the file again if it may be damaged, or use the same model as a Hugging Face folder "
        "with safetensors.",
    )
