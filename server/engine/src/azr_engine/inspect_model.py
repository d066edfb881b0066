"""
`python -m azr_engine.inspect_model FOLDER`: whether a run could load the model, looked at without
the memory that its weights take. One line of JSON: `{"event": "ready"}` or
`{"event": "failed", "code", "error", "remedy"}`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azr_engine.errors import EngineError
from azr_engine.model_folder import check_model_folder, weight_files

if TYPE_CHECKING:
    from torch import Tensor


def inspect_model(folder: Path) -> None:
    """Throws EngineError for a folder whose model cannot be loaded, or cannot be trained."""
    # Imported late, so that a missing file is told within a moment.
    check_model_folder(folder)
    from azr_engine.loaded_weights import check_finite
    from azr_engine.policy import check_loadable

    check_loadable(folder)
    check_finite(folder, _tensors(folder))


def _tensors(folder: Path) -> Generator[tuple[str, Tensor], None, None]:
    """One at a time."""
    from safetensors import safe_open

    for file in weight_files(folder):
        opened: Any
        with safe_open(file, framework="pt") as opened:
            for name in opened.keys():  # noqa: SIM118 (not a dictionary)
                yield name, opened.get_tensor(name)


def main() -> None:
    parser = argparse.ArgumentParser(prog="azr_engine.inspect_model", description=__doc__)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    try:
        inspect_model(options.folder.resolve())
    except EngineError as error:
        print(json.dumps({"event": "failed", **error.payload()}))
        raise SystemExit(1) from error
    print(json.dumps({"event": "ready"}))


if __name__ == "__main__":
    main()
