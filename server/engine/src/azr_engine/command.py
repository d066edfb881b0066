"""
`python -m azr_engine --model FOLDER`: serves until its owner goes away. One JSON line on standard
output tells the port; everything else goes to standard error.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import gc
import json
import logging
import os
import secrets
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

if TYPE_CHECKING:
    import uvicorn

TOKEN_VARIABLE = "AZR_ENGINE_TOKEN"


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="azr_engine", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder of a causal LM")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--token-file", type=Path, help=f"else {TOKEN_VARIABLE}, else a new one")
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints"))
    parser.add_argument("--threads", type=int, default=0, help="0 uses every core it may use")
    parser.add_argument("--exit-with-stdin", action="store_true", help="end when stdin closes")
    return parser.parse_args(arguments)


def main() -> None:
    options = parse_arguments(sys.argv[1:])
    # A quarter of the start would go into looking for garbage among three thousand modules, none of
    # which ever is any; _prepare_libraries turns the collector on again.
    gc.disable()
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    if options.exit_with_stdin:
        threading.Thread(target=_exit_with_stdin, daemon=True).start()
    token, is_new = _token(options.token_file)
    # Imported late, so that a missing package or folder is reported within a moment, as JSON.
    from azr_engine.errors import EngineError
    from azr_engine.model_folder import check_model_folder

    try:
        check_model_folder(options.model.resolve())
        asyncio.run(_serve(options, token, is_new))
    except EngineError as error:
        _announce({"event": "failed", **error.payload()})
        raise SystemExit(2) from error
    except OSError as error:
        remedy = "Choose another port, or 0 for any free one."
        _announce(
            {"event": "failed", "error": str(error), "code": "cannot_listen", "remedy": remedy}
        )
        raise SystemExit(2) from error
    _end()


def _prepare_libraries(options: argparse.Namespace) -> None:
    import torch
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    torch.set_num_threads(options.threads or _usable_cores())
    gc.freeze()
    gc.enable()


async def _serve(options: argparse.Namespace, token: str, is_new: bool) -> None:
    import uvicorn

    from azr_engine import strangers
    from azr_engine.application import build_application
    from azr_engine.service import Service

    _prepare_libraries(options)
    folder: Path = options.model.resolve()
    service = Service(folder, options.checkpoints.resolve(), asyncio.get_running_loop())
    listener = socket.create_server(("127.0.0.1", options.port))
    settings = uvicorn.Config(
        build_application(service, token),
        http=cast(Any, functools.partial(strangers.TokenProtocol, strangers.Strangers(token))),
        backlog=strangers.ACCEPTED_AT_ONCE,
        # Whoever sends nonsense must not be able to fill the log with warnings about it.
        log_level="error",
        access_log=False,
        timeout_keep_alive=75,
    )
    ready: dict[str, object] = {"event": "listening", "port": listener.getsockname()[1]}
    _announce({**ready, "token": token} if is_new else ready)
    server = uvicorn.Server(settings)
    # asyncio has one number for how many it accepts at a time and how many may wait.
    waiting = asyncio.create_task(_let_wait(server, listener, strangers.WAITING_TO_BE_ACCEPTED))
    await server.serve(sockets=[listener])
    waiting.cancel()


async def _let_wait(server: uvicorn.Server, listener: socket.socket, connections: int) -> None:
    while not server.started:
        await asyncio.sleep(0.01)
    listener.listen(connections)


def _token(file: Path | None) -> tuple[str, bool]:
    """The token, and whether it was made here and must be told to the owner."""
    given = file.read_text().strip() if file is not None else os.environ.pop(TOKEN_VARIABLE, "")
    return (given, False) if given else (secrets.token_urlsafe(32), True)


def _usable_cores() -> int:
    """What OMP_NUM_THREADS allows, as users of PyTorch are used to, else all there are."""
    limit = os.environ.get("OMP_NUM_THREADS", "")
    if limit.isdigit() and int(limit) > 0:
        return int(limit)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _exit_with_stdin() -> None:
    """The owner holds the other end: it closes whenever and however the owner ends."""
    while os.read(0, 4096):
        pass
    _end()


def _end() -> NoReturn:
    """At once: the thread that computes must not keep the process."""
    sys.stdout.flush()
    os._exit(0)


def _announce(line: dict[str, object]) -> None:
    print(json.dumps(line), flush=True)
