"""The forked child: reads its request, gives up its rights, then meets the program."""

import gc
import json
import os
from typing import Any

from harness import execution, inspection
from harness.lockdown import ChildLockdown
from harness.wire import ACKNOWLEDGEMENT, FRAME, RESULT_DESCRIPTOR, write_all

_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


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
    gc.enable()
    nonce = bytes.fromhex(request["nonce"])
    if request["operation"] == "inspect":
        _send(nonce, inspection.inspect(request["program"]))
        return
    for arguments in request["inputs"]:
        report = execution.execute(
            request["program"],
            arguments,
            request["outputCharacters"],
            request["stdoutCharacters"],
        )
        _send(nonce, report)


def _read_body(length: int) -> bytes:
    parts: list[bytes] = []
    while length:
        part = os.read(0, length)
        if not part:
            raise EOFError("the owner closed the request")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _send(nonce: bytes, report: dict[str, Any]) -> None:
    payload = _encode(report).encode("ascii")
    write_all(RESULT_DESCRIPTOR, FRAME.pack(nonce, len(payload)), payload)
