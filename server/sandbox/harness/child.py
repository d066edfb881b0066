"""The forked child: reads its request, gives up its rights, then meets the program."""

import json
import os

from harness import clock, service, surroundings
from harness.lockdown import ChildLockdown
from harness.wire import ACKNOWLEDGEMENT, write_all


def serve_request(
    body_length: int,
    cpu_seconds: int,
    memory_mb: int,
    result: int,
    lockdown: ChildLockdown,
    variant: int,
) -> None:
    """Handles one request; returns when everything is written, or raises before any program ran."""
    request = json.loads(_read_body(body_length))
    nonce = bytes.fromhex(request["nonce"])
    write_all(result, ACKNOWLEDGEMENT, nonce)
    lockdown.apply(result, cpu_seconds, memory_mb)
    if request["operation"] == "run":
        chance = surroundings.Chance(nonce)
        clock.make_up(variant, chance)
        surroundings.make_up(chance)
    service.answer(request)


def _read_body(length: int) -> bytes:
    parts: list[bytes] = []
    while length:
        part = os.read(0, length)
        if not part:
            raise EOFError("the owner closed the request")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
