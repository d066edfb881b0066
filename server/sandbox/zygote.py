"""Entry point of a fork server; started with `-s -S -P -B`, a hash seed and nothing else."""

import os
import sys

# With -P Python does not search the script's own folder; nothing of it stays on the path.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120

from harness import fork_server

fork_server.main()
