"""
Starts the other ranks of an engine and ends all of them when one is gone. A follower ends when its
standard input closes, so none outlives the leader, however that ends.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from azr_engine.starting import SOURCES, child_environment, module_command

logger = logging.getLogger("azr_engine")

# Names the file in which the ranks meet.
STORE_VARIABLE = "AZR_ENGINE_STORE"
EXIT_CODE = 3
# How long a rank that cannot go on waits for the news of which one is to blame.
NEWS_SECONDS = 2.0
REMEDY = (
    "One process cannot train on without the others, so the engine ends: resume the run from its "
    "last checkpoint. Where memory ran out, use shorter completions, or LoRA."
)

_ending = threading.Lock()


def start_followers(size: int, arguments: list[str]) -> None:
    """
    Ranks 1 to size - 1, each as `python -m azr_engine` with these arguments, every path among them
    absolute, and what this process must know to meet them. From here on the death of any of them
    is the death of this process.
    """
    # Only its user may enter the folder in which the ranks meet.
    folder = Path(tempfile.mkdtemp(prefix="azr-engine-"))
    shared = {"WORLD_SIZE": str(size), STORE_VARIABLE: str(folder / "meeting")}
    os.environ.update({**shared, "RANK": "0", "LOCAL_RANK": "0"})
    for rank in range(1, size):
        child = subprocess.Popen(
            module_command("azr_engine", *arguments, "--exit-with-stdin"),
            cwd=SOURCES,
            env=child_environment(RANK=str(rank), LOCAL_RANK=str(rank)),
            stdin=subprocess.PIPE,
            # Standard output is the leader's alone.
            stdout=sys.stderr.fileno(),
        )
        threading.Thread(target=_watch, args=(rank, size, child), daemon=True).start()


def leave_meeting() -> None:
    """Before the leader ends: deletes the folder in which the ranks met, if it made one."""
    path = os.environ.get(STORE_VARIABLE)
    if path is not None and os.environ.get("RANK") == "0":
        shutil.rmtree(Path(path).parent, ignore_errors=True)


def _watch(rank: int, size: int, child: subprocess.Popen[bytes]) -> None:
    code = child.wait()
    how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
    with _ending:
        _end(f"process {rank} of {size} (numbered from 0) ended: {how}")


def end_all(reason: str) -> None:
    """Ends this process, and with it all others. What a watched process ended by comes first."""
    time.sleep(NEWS_SECONDS)
    with _ending:
        _end(reason)


def _end(reason: str) -> None:
    logger.critical("%s. %s", reason[:1].upper() + reason[1:], REMEDY)
    logging.shutdown()
    leave_meeting()
    os._exit(EXIT_CODE)
