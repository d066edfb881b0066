"""
`python -m azr_engine --model FOLDER`: serves until its parent process ends. One JSON line on
standard output names the port; everything else goes to standard error.
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
    # Garbage collection would take a quarter of the start: it scans three thousand modules, none of
    # which is ever freed. _prepare_libraries turns it on again.
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
        # Malformed requests must not be able to fill the log with warnings.
        log_level="error",
        access_log=False,
        timeout_keep_alive=75,
    )
    ready: dict[str, object] = {"event": "listening", "port": listener.getsockname()[1]}
    _announce({**ready, "token": token} if is_new else ready)
    server = uvicorn.Server(settings)
    # asyncio takes one number for both the connections accepted at a time and the backlog.
    widening = asyncio.create_task(
        _widen_backlog(server, listener, strangers.WAITING_TO_BE_ACCEPTED)
    )
    await server.serve(sockets=[listener])
    widening.cancel()


async def _widen_backlog(server: uvicorn.Server, listener: socket.socket, connections: int) -> None:
    while not server.started:
        await asyncio.sleep(0.01)
    listener.listen(connections)


def _token(file: Path | None) -> tuple[str, bool]:
    """The token, and whether it is new, so that it has to be printed."""
    given = file.read_text().strip() if file is not None else os.environ.pop(TOKEN_VARIABLE, "")
    return (given, False) if given else (secrets.token_urlsafe(32), True)


def _usable_cores() -> int:
    """As many as OMP_NUM_THREADS says, as in PyTorch, else all that this process may use."""
    limit = os.environ.get("OMP_NUM_THREADS", "")
    if limit.isdigit() and int(limit) > 0:
        return int(limit)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _exit_with_stdin() -> None:
    """The parent process holds the other end, which closes however that process ends."""
    while os.read(0, 4096):
        pass
    _end()


def _end() -> NoReturn:
    """At once: the thread that computes must not keep the process."""
    sys.stdout.flush()
    os._exit(0)


def _announce(line: dict[str, object]) -> None:
    print(json.dumps(line), flush=True)
