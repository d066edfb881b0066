"""
The order of one model's requests. Each carries a `seq_id` counting from 1; whatever order they
arrive in, they run in order of seq_id, and one that arrives twice runs once.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from azr_engine.errors import EngineError
from azr_engine.futures import Future, FutureTable

GAP_SECONDS = 60.0
REMEMBERED = 4096


class ReplayMemory:
    """Which future a `seq_id` has already been given, for the most recent ones."""

    def __init__(self) -> None:
        self._request_ids: OrderedDict[int, str] = OrderedDict()

    def find(self, seq_id: int) -> str | None:
        return self._request_ids.get(seq_id)

    def remember(self, seq_id: int, request_id: str) -> None:
        self._request_ids[seq_id] = request_id
        while len(self._request_ids) > REMEMBERED:
            self._request_ids.popitem(last=False)


class RequestOrder:
    """Releases requests to `start` one after the other by `seq_id`."""

    def __init__(self, table: FutureTable, gap_seconds: float = GAP_SECONDS) -> None:
        self._table = table
        self._gap_seconds = gap_seconds
        self._replays = ReplayMemory()
        self._waiting: dict[int, tuple[Future, Callable[[], None]]] = {}
        self._next = 1

    def submit(self, seq_id: int | None, start: Callable[[Future], None]) -> str:
        """Starts the request when its turn comes; the result is its request id, at once."""
        if seq_id is None:
            future = self._table.create()
            start(future)
            return future.request_id
        known = self._replays.find(seq_id)
        if known is not None:
            return known
        if seq_id < self._next:
            raise EngineError(
                "replay_expired",
                f"Request {seq_id} ran long ago; {self._next} comes next.",
                "Continue with the next seq_id.",
                status=409,
            )
        future = self._table.create()
        self._replays.remember(seq_id, future.request_id)
        self._waiting[seq_id] = (future, lambda: start(future))
        if seq_id > self._next:
            asyncio.get_running_loop().call_later(self._gap_seconds, self._expire, seq_id)
        self._release()
        return future.request_id

    def _release(self) -> None:
        while (waiting := self._waiting.pop(self._next, None)) is not None:
            self._next += 1
            waiting[1]()

    def _expire(self, seq_id: int) -> None:
        waiting = self._waiting.pop(seq_id, None)
        if waiting is None:
            return
        error = EngineError(
            "sequence_gap",
            f"Request {seq_id} timed out after {self._gap_seconds:g} s: it was "
            f"waiting for request {self._next}.",
            "Send every seq_id once, counting from 1; create the model again to start over.",
            status=409,
        )
        self._table.fail(waiting[0], error)
