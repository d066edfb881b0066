"""The one thread that computes. Jobs run in the order they were queued."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

from azr_engine.errors import EngineError, cancelled
from azr_engine.futures import Future, FutureTable, encode
from azr_engine.out_of_memory import is_out_of_memory

logger = logging.getLogger("azr_engine")

Job = Callable[[Future], dict[str, Any]]


class Worker:
    def __init__(self, table: FutureTable, loop: asyncio.AbstractEventLoop) -> None:
        self._table = table
        self._loop = loop
        self._jobs: queue.SimpleQueue[tuple[Future, Job]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="compute", daemon=True).start()

    def queue(self, future: Future, job: Job) -> None:
        self._jobs.put((future, job))

    def _run(self) -> None:
        while True:
            future, job = self._jobs.get()
            payload = self._outcome(future, job)
            self._loop.call_soon_threadsafe(self._table.resolve, future, payload)

    def _outcome(self, future: Future, job: Job) -> bytes:
        try:
            if future.is_cancelled():
                raise cancelled()
            return encode(job(future))
        except EngineError as error:
            return encode(error.payload())
        except Exception as error:
            if is_out_of_memory(error):
                logger.exception("out of memory")
                return encode(
                    EngineError(
                        "out_of_memory",
                        f"The device ran out of memory: {error}",
                        "Use a smaller model, shorter completions, fewer rollouts, or LoRA.",
                        status=507,
                    ).payload()
                )
            # A defect in one request must not end the server, but must be seen.
            logger.exception("request failed")
            return encode(
                EngineError(
                    "internal_error",
                    f"The engine failed: {type(error).__name__}: {error}",
                    "See the engine's log; this is a defect worth reporting.",
                    status=500,
                ).payload()
            )
