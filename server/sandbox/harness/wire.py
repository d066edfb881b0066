"""The binary framing between the Node owner, the fork server and its children.

The owner sends `REQUEST` and then `body_length` bytes of JSON, which only the child reads. A child
answers with one acknowledgement and then one `FRAME` with its JSON per execution. The server relays
these frames behind one `RESPONSE`; of them it reads the heads only.
"""

import os
import struct

# identifier, body length, CPU ms per execution, wall ms per execution, memory MiB, executions,
# largest relayed payload in bytes
REQUEST = struct.Struct("<QIIIIII")

# identifier, how the child ended, its wait status, wall us, CPU us, peak resident KiB,
# payload length
RESPONSE = struct.Struct("<QBiIIII")

# the request's nonce, length of the JSON that follows
FRAME = struct.Struct("<16sI")

# The child writes this and the request's nonce once it has read its body, and from then on writes
# nothing but frames. No program has run by then, so this is how the server learns the nonce.
ACKNOWLEDGEMENT = b"A"
NONCE_BYTES = 16
ACKNOWLEDGEMENT_BYTES = len(ACKNOWLEDGEMENT) + NONCE_BYTES

# How a child ended, as the fork server saw it.
EXITED = 0
CPU_LIMIT = 1
WALL_LIMIT = 2
PAYLOAD_LIMIT = 3

# Identifiers of the server's own messages; requests count from 2.
HELLO = 0
REFUSAL = 1

# Descriptor of the result pipe inside a locked-down child.
RESULT_DESCRIPTOR = 3


def write_all(descriptor: int, *parts: bytes | memoryview) -> None:
    """Writes `parts` in order without joining them, so that no second copy stays in memory."""
    remaining = [memoryview(part) for part in parts if len(part)]
    while remaining:
        written = os.writev(descriptor, remaining)
        while remaining and written >= len(remaining[0]):
            written -= len(remaining.pop(0))
        if written:
            remaining[0] = remaining[0][written:]
