"""The forked child: reads its request, gives up its rights, then meets the program."""

import json
import os

from harness import service
from harness.lockdown import ChildLockdown
from harness.wire import ACKNOWLEDGEMENT, write_all


def serve_request(
    body_length: int,
    cpu_seconds: int,
    memory_mb: int,
    result: int,
    lockdown: ChildLockdown,
) -> None:
    """Handles one request; returns when everything is written, or raises before any program ran."""
    body = _read_body(body_length)
    write_all(result, ACKNOWLEDGEMENT)
    request = json.loads(body)
    lockdown.apply(result, cpu_seconds, memory_mb)
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
