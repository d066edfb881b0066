"""The warm fork server: one child per request, one request at a time.

Of what a program wrote it reads no more than the heads of frames: it counts bytes, watches clocks
and relays. The owner is the process on the other end of descriptors 0 and 1; when that goes,
everything here goes.
"""

import contextlib
import gc
import json
import mmap
import os
import signal
import sys
from time import monotonic
from typing import NoReturn

from harness import child, clock, lockdown, preload, surroundings, values, wire
from harness.child_watch import ChildWatch

# Largest relayed payload. The owner never asks for more.
RELAY_BYTES = 8 << 20

_DIED_EARLY = 3


def main() -> NoReturn:
    """Prepares, reports to the owner, and serves until the owner goes."""
    owner = os.getppid()
    variant = 1 if "--second-variant" in sys.argv else 0
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Waited for with a deadline, which `waitpid` does not have; see `ChildWatch`.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    try:
        preload.load()
        child_lockdown = lockdown.ChildLockdown()
        rings = lockdown.restrict_server(owner, has_namespaces="--namespaces" in sys.argv)
        _probe(child_lockdown)
        rings.append("seccomp allow-list")
    except Exception as error:
        missing = error.missing if isinstance(error, lockdown.LockdownError) else "other"
        _tell(wire.REFUSAL, {"missing": missing, "message": f"{type(error).__name__}: {error}"})
        os._exit(1)
    values.allow_long_integers()
    clock.prepare()
    surroundings.refuse_numbers()
    surroundings.replace_identities()
    preload.hide_from_programs()
    server = _ForkServer(child_lockdown, variant)
    # Children then share these objects' pages for as long as nothing changes their counts.
    gc.collect()
    gc.freeze()
    gc.disable()
    _tell(wire.HELLO, {"python": sys.version.split()[0], "rings": rings})
    server.serve()


def _tell(identifier: int, message: dict[str, object]) -> None:
    payload = json.dumps(message).encode()
    header = wire.RESPONSE.pack(identifier, wire.EXITED, 0, 0, 0, 0, len(payload))
    wire.write_all(1, header, payload)


def _probe(child_lockdown: lockdown.ChildLockdown) -> None:
    """Proves, in a child that runs nothing else, that the lockdown works and that the filter really
    refuses; raises if not.
    """
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            child_lockdown.apply(writer, cpu_seconds=1, memory_mb=64)
            # Landlock has no say over this call, so only the filter can refuse it.
            try:
                os.sched_setaffinity(0, {0})
            except PermissionError:
                os._exit(0)
        except BaseException as error:
            _complain(error, writer)
        os._exit(1)
    os.close(writer)
    detail = os.read(reader, 400).decode(errors="replace")
    os.close(reader)
    status = os.waitpid(process, 0)[1]
    if status:
        missing, _, message = detail.partition("\n")
        raise lockdown.LockdownError(
            message or f"the filter was not in force (status {status})", missing or "seccomp"
        )


def _complain(error: BaseException, writer: int) -> None:
    missing = error.missing if isinstance(error, lockdown.LockdownError) else "other"
    # The lockdown moves the pipe, and closes where it was.
    for descriptor in (writer, wire.RESULT_DESCRIPTOR):
        with contextlib.suppress(OSError):
            os.write(descriptor, f"{missing}\n{error}".encode()[:400])
            return


class _ForkServer:
    def __init__(self, child_lockdown: lockdown.ChildLockdown, variant: int) -> None:
        self._lockdown = child_lockdown
        self._variant = variant
        self._relay = mmap.mmap(-1, RELAY_BYTES)
        # Children do not have these pages at all, so no result of an earlier program can be found
        # in them.
        self._relay.madvise(mmap.MADV_DONTFORK)
        self._view = memoryview(self._relay)

    def serve(self) -> NoReturn:
        """Serves requests until the owner closes its end."""
        header = bytearray()
        while True:
            part = os.read(0, wire.REQUEST.size - len(header))
            if not part:
                os._exit(0)
            header += part
            if len(header) == wire.REQUEST.size:
                self._handle(*wire.REQUEST.unpack(header))
                header.clear()

    def _handle(
        self,
        identifier: int,
        body_length: int,
        cpu_ms: int,
        wall_ms: int,
        memory_mb: int,
        executions: int,
        payload_limit: int,
    ) -> None:
        reader, writer = os.pipe()
        started = monotonic()
        process = os.fork()
        if process == 0:
            # Whole-process backstop; the server watches each execution's CPU time itself.
            cpu_seconds = cpu_ms * executions // 1000 + 2
            _run_child(body_length, cpu_seconds, memory_mb, writer, self._lockdown, self._variant)
        os.close(writer)
        watch = ChildWatch(process, reader, cpu_ms / 1000, wall_ms / 1000, executions, started)
        end = watch.follow(self._view[: min(payload_limit, RELAY_BYTES)])
        # Harmless where the child has left: its number stays its own until it is waited for.
        os.kill(process, signal.SIGKILL)
        os.close(reader)
        _, status, usage = os.wait4(process, 0)
        received = watch.received
        skip = wire.ACKNOWLEDGEMENT_BYTES
        if received < skip:
            # The body may still lie in the pipe, so nothing after it can be understood.
            os._exit(_DIED_EARLY)
        header = wire.RESPONSE.pack(
            identifier,
            end,
            status,
            int((monotonic() - started) * 1e6),
            int((usage.ru_utime + usage.ru_stime) * 1e6),
            usage.ru_maxrss,
            received - skip,
        )
        wire.write_all(1, header, self._view[skip:received])
        self._view[:received] = bytes(received)


def _run_child(
    body_length: int,
    cpu_seconds: int,
    memory_mb: int,
    writer: int,
    child_lockdown: lockdown.ChildLockdown,
    variant: int,
) -> NoReturn:
    status = 1
    try:
        child.serve_request(body_length, cpu_seconds, memory_mb, writer, child_lockdown, variant)
        status = 0
    finally:
        # Not `return`: whatever a program did to this process, the server's loop is not reached.
        os._exit(status)
