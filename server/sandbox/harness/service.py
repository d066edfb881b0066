"""Answers one request: the same in a locked-down child and inside WebAssembly."""

import gc
import json
from typing import Any

from harness import execution, inspection
from harness.wire import FRAME, RESULT_DESCRIPTOR, write_all

_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


def answer(request: dict[str, Any]) -> None:
    """Writes one frame per execution, or one with the inspection, to the result descriptor."""
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


def _send(nonce: bytes, report: dict[str, Any]) -> None:
    payload = _encode(report).encode("ascii")
    write_all(RESULT_DESCRIPTOR, FRAME.pack(nonce, len(payload)), payload)
