"""
Connections that have not shown the token. Whoever can reach the loopback interface can open as many
as the system allows and say nothing, or half of something: so there are few of them at a time, each
for a short time, and where there are more, the oldest goes first. A new connection of the owner has
sent its token long before as many others have come, and is from then on none of them.
"""

from __future__ import annotations

import asyncio
import hmac
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

# Far below the number of files that a process may have open, which is 256 on some systems.
MOST_STRANGERS = 64
# So many come to the event loop at a time, so that it reads what has arrived in between.
ACCEPTED_AT_ONCE = 8
# How many may wait in the system to be accepted.
WAITING_TO_BE_ACCEPTED = 1024
# While there are only few strangers, they harm nobody, and one of them may be the owner, on a
# machine that is too busy to send a request within a second of connecting.
FEW = 8
SECONDS = 1.0
SECONDS_WHILE_FEW = 10.0


class Strangers:
    """All connections of a server without a token, oldest first, each with its timer."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self._timers: dict[TokenProtocol, asyncio.TimerHandle] = {}

    def add(self, connection: TokenProtocol) -> None:
        loop = asyncio.get_running_loop()
        self._timers[connection] = loop.call_later(SECONDS, self._first_time_out, connection)
        if len(self._timers) > MOST_STRANGERS:
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
