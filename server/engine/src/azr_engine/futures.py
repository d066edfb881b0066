"""
Results that a client fetches later. The memory of the table is bounded: the oldest results are
dropped first, and fetching a dropped one is an error that says so.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import OrderedDict
from typing import Any

from azr_engine.errors import EngineError, cancelled

MAXIMUM_FUTURES = 4096
MAXIMUM_BYTES = 512 * 1024 * 1024


class Future:
    """One request's outcome, encoded as JSON once it is known."""

    def __init__(self) -> None:
        self.request_id = uuid.uuid4().hex
        self.payload: bytes | None = None
        self.done = asyncio.Event()
        self.cancel_requested = False

    def is_cancelled(self) -> bool:
        return self.cancel_requested


class FutureTable:
    """All futures by request id. Only the event loop's thread touches it."""

    def __init__(self, maximum: int = MAXIMUM_FUTURES, maximum_bytes: int = MAXIMUM_BYTES) -> None:
        self._futures: OrderedDict[str, Future] = OrderedDict()
        self._maximum = maximum
        self._maximum_bytes = maximum_bytes
        self._bytes = 0

    def create(self) -> Future:
        future = Future()
        self._futures[future.request_id] = future
        return future

    def get(self, request_id: str) -> Future:
        future = self._futures.get(request_id)
        if future is None:
            raise EngineError(
                "unknown_request",
                f"Request {request_id} is not known, or its result was dropped to free memory.",
                "Send the request again.",
                status=404,
            )
        return future

    def resolve(self, future: Future, payload: bytes) -> None:
        """Resolves a future; a later result is ignored."""
        if future.payload is not None:
            return
        future.payload = payload
        future.done.set()
        if future.request_id in self._futures:
            self._bytes += len(payload)
        self._evict()

    def fail(self, future: Future, error: EngineError) -> None:
        self.resolve(future, encode(error.payload()))

    def cancel(self, future: Future) -> None:
        """A queued job will not start; a running one stops at its next step."""
        future.cancel_requested = True
        self.fail(future, cancelled())

    def _evict(self) -> None:
        while len(self._futures) > self._maximum or self._bytes > self._maximum_bytes:
            oldest = next(
                (item for item in self._futures.values() if item.payload is not None), None
            )
            if oldest is None:
                return
            del self._futures[oldest.request_id]
            self._bytes -= len(oldest.payload or b"")


def encode(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload, separators=(",", ":")).encode()
