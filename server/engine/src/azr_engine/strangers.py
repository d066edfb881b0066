"""
Connections that have not sent the token. Any process on this machine can open as many as the system
allows and send nothing, or half a request: so few are open at a time, each for a short time, and
the oldest is closed first. A new connection of the owner sends its token long before that many
others have come, and is not one of them from then on.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import sys
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

# More than the owner ever opens at a time, since its new connections are strangers for a moment,
# and well below the number of files that this process may have open.
MOST_STRANGERS = 512
WANTED_FILES = 4096
# Accepted at a time, so that the event loop reads in between.
ACCEPTED_AT_ONCE = 8
# How many may wait in the system to be accepted.
WAITING_TO_BE_ACCEPTED = 1024
# Up to this many do no harm, and may wait longer: one of them may be the owner, on a machine that
# is too busy to send a request within a second of connecting.
FEW = 8
SECONDS = 1.0
SECONDS_WHILE_FEW = 10.0


def most_strangers() -> int:
    """How many there may be, after raising the number of files that this process may have open."""
    if sys.platform == "win32":
        return MOST_STRANGERS
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < WANTED_FILES:
        # Some systems call the hard limit infinite and refuse a soft one that is.
        wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(hard, WANTED_FILES)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return min(MOST_STRANGERS, soft // 4)
    return MOST_STRANGERS


class Strangers:
    """All connections of a server without a token, oldest first, each with its timer."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self._most = most_strangers()
        self._timers: dict[TokenProtocol, asyncio.TimerHandle] = {}

    def add(self, connection: TokenProtocol) -> None:
        loop = asyncio.get_running_loop()
        self._timers[connection] = loop.call_later(SECONDS, self._first_time_out, connection)
        if len(self._timers) > self._most:
            self._end(next(iter(self._timers)))

    def remove(self, connection: TokenProtocol) -> None:
        timer = self._timers.pop(connection, None)
        if timer is not None:
            timer.cancel()

    def recognise(self, connection: TokenProtocol) -> None:
        """Takes a connection out whose latest request has the token."""
        if connection in self._timers and any(
            name == b"x-api-key" and hmac.compare_digest(value, self._token)
            for name, value in connection.headers or ()
        ):
            self.remove(connection)

    def _first_time_out(self, connection: TokenProtocol) -> None:
        if len(self._timers) > FEW:
            self._end(connection)
            return
        more = SECONDS_WHILE_FEW - SECONDS
        timer = asyncio.get_running_loop().call_later(more, self._end, connection)
        # In its old place: the order is that of coming.
        self._timers[connection] = timer

    def _end(self, connection: TokenProtocol) -> None:
        self.remove(connection)
        connection.transport.abort()


class TokenProtocol(H11Protocol):
    """uvicorn's, for one connection, which is a stranger until a request of it has the token."""

    def __init__(self, strangers: Strangers, **of_uvicorn: Any) -> None:
        super().__init__(**of_uvicorn)
        self._strangers = strangers

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._strangers.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._strangers.remove(self)
        super().connection_lost(exc)

    def handle_events(self) -> None:
        super().handle_events()
        self._strangers.recognise(self)
