"""
How one Python of the engine starts another. `python -m` imports from the working folder first,
which may be somebody else's: so a child works in a folder of our own, imports nothing from where it
was started, and gets no relative entry of PYTHONPATH.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

# The folder that holds the package and nothing else.
SOURCES = Path(__file__).resolve().parent.parent


def module_command(module: str, *arguments: str) -> list[str]:
    """The command that runs `module` in the same Python."""
    # -P is new in Python 3.11; before, the working folder alone has to do.
    safe_path = ["-P"] if sys.version_info >= (3, 11) else []
    return [sys.executable, *safe_path, "-m", module, *arguments]


def child_environment() -> dict[str, str]:
    """This process's environment, in which the engine is found and nothing relative is."""
    paths = [str(SOURCES), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    absolute = dict.fromkeys(entry for entry in paths if Path(entry).is_absolute())
    return {**os.environ, "PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join(absolute)}
