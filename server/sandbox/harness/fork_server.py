"""The warm fork server: one child per request, one request at a time.

It never reads what a program wrote: it counts bytes, watches clocks and relays. The owner is the
process on the other end of descriptors 0 and 1; when that goes, everything here goes.
"""

import contextlib
import gc
import json
import mmap
import os
import select
import signal
import sys
import time
from typing import NoReturn

from harness import child, lockdown, preload, values, wire

# Largest relayed payload. The owner never asks for more.
RELAY_BYTES = 8 << 20

_DIED_EARLY = 3


def main() -> NoReturn:
    """Prepares, reports to the owner, and serves until the owner goes."""
    owner = os.getppid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
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
    preload.hide_from_programs()
    server = _ForkServer(child_lockdown)
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
    def __init__(self, child_lockdown: lockdown.ChildLockdown) -> None:
        self._lockdown = child_lockdown
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
        started = time.monotonic()
        process = os.fork()
        if process == 0:
            # Whole-process backstop; the server watches each execution's CPU time itself.
            cpu_seconds = cpu_ms * executions // 1000 + 2
            _run_child(body_length, cpu_seconds, memory_mb, writer, self._lockdown)
        os.close(writer)
        watch = _Watch(process, reader, cpu_ms / 1000, wall_ms / 1000, executions, started)
        end = watch.receive(self._view[: min(payload_limit, RELAY_BYTES)])
        if end != wire.EXITED:
            os.kill(process, signal.SIGKILL)
        os.close(reader)
        _, status, usage = os.wait4(process, 0)
        received = watch.received
        if not received:
            # The body may still lie in the pipe, so nothing after it can be understood.
            os._exit(_DIED_EARLY)
        skip = len(wire.ACKNOWLEDGEMENT)
        header = wire.RESPONSE.pack(
            identifier,
            end,
            status,
            int((time.monotonic() - started) * 1e6),
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
) -> NoReturn:
    status = 1
    try:
        child.serve_request(body_length, cpu_seconds, memory_mb, writer, child_lockdown)
        status = 0
    finally:
        # Not `return`: whatever a program did to this process, the server's loop is not reached.
        os._exit(status)


class _Watch:
    """Reads what a child sends, with a fresh allowance of time for each execution of a batch."""

    def __init__(
        self,
        process: int,
        reader: int,
        cpu_limit: float,
        wall_limit: float,
        executions: int,
        started: float,
    ) -> None:
        self.received = 0
        self._process = process
        self._reader = reader
        self._cpu_limit = cpu_limit
        self._wall_limit = wall_limit
        self._frames_left = executions
        self._next_frame = len(wire.ACKNOWLEDGEMENT)
        self._cpu_before = 0.0
        self._wall_deadline = started + wall_limit
        # CPU time cannot exceed wall time, so the CPU clock is not read before this.
        self._cpu_check = started + cpu_limit

    def receive(self, buffer: memoryview) -> int:
        """Fills `buffer` until the child closes its end; returns how that came about."""
        poller = select.poll()
        poller.register(self._reader, select.POLLIN)
        poller.register(0, 0)  # Reports only that the owner is gone.
        while True:
            now = time.monotonic()
            if now >= self._wall_deadline:
                return wire.WALL_LIMIT
            if now >= self._cpu_check:
                left = self._cpu_limit - (self._cpu_used() - self._cpu_before)
                if left <= 0:
                    return wire.CPU_LIMIT
                self._cpu_check = now + max(left, 0.005)
            pause = min(self._wall_deadline, self._cpu_check) - now
            ready = poller.poll(int(pause * 1000) + 1)
            if any(descriptor == 0 for descriptor, _ in ready):
                os.kill(self._process, signal.SIGKILL)
                os._exit(0)
            if not ready:
                continue
            count = os.readv(self._reader, [buffer[self.received :]])
            if not count:
                return wire.EXITED
            self.received += count
            if self.received == len(buffer):
                return wire.PAYLOAD_LIMIT
            self._notice_frames(buffer)

    def _notice_frames(self, buffer: memoryview) -> None:
        """Renews the limits when an execution of a batch has been reported in full."""
        while self._frames_left > 1 and self.received >= self._next_frame + wire.FRAME.size:
            _, length = wire.FRAME.unpack_from(buffer, self._next_frame)
            if self.received < self._next_frame + wire.FRAME.size + length:
                return
            self._next_frame += wire.FRAME.size + length
            self._frames_left -= 1
            now = time.monotonic()
            self._wall_deadline = now + self._wall_limit
            self._cpu_before = self._cpu_used()
            self._cpu_check = now + self._cpu_limit

    def _cpu_used(self) -> float:
        """CPU seconds of the child so far, from its own clock."""
        try:
            # The clock id of another process, as clock_getcpuclockid(3) computes it.
            return time.clock_gettime(~self._process << 3 | 2)
        except OSError:
            return 0.0
