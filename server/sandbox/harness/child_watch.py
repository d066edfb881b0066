"""How the fork server follows a child: its bytes, its clocks, its end and the owner's.

The child runs an untrusted program, which can do with its end of the pipe what it likes: close it,
write something else than frames, or write nothing more. None of that may make it live longer.
"""

import os
import select
import signal
from time import clock_gettime, monotonic

from harness import wire


class ChildWatch:
    """Reads what a child sends, and sees to it that the child ends, whatever it does to its end.

    Each execution of a batch has an allowance of time of its own, and is over when its frame has
    come. Frames must carry the token that the child's acknowledgement brought, and there are no
    more of them than executions, so a whole request takes at most the sum of the allowances.
    """

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
        self._next_frame = wire.ACKNOWLEDGEMENT_BYTES
        self._cpu_before = 0.0
        self._wall_deadline = started + wall_limit
        # CPU time cannot exceed wall time, so the CPU clock is not read before this.
        self._cpu_check = started + cpu_limit

    def follow(self, buffer: memoryview) -> int:
        """Fills `buffer` until the child is gone or must be ended; returns how it came to that."""
        poller = select.poll()
        poller.register(self._reader, select.POLLIN)
        poller.register(0, 0)  # Reports only that the owner is gone.
        while True:
            now = monotonic()
            end = self._overrun(now)
            if end is not None:
                return end
            pause = min(self._wall_deadline, self._cpu_check) - now
            ready = poller.poll(int(pause * 1000) + 1)
            if any(descriptor == 0 for descriptor, _ in ready):
                os.kill(self._process, signal.SIGKILL)
                os._exit(0)
            if not ready:
                continue
            count = os.readv(self._reader, [buffer[self.received :]])
            if not count:
                return self._outlast()
            self.received += count
            if self.received == len(buffer):
                return wire.PAYLOAD_LIMIT
            if not self._notice_frames(buffer):
                # The owner sees by the bytes themselves that they are forged.
                return wire.EXITED

    def _outlast(self) -> int:
        """Waits for a child that can say nothing more, but may have closed its end and live on."""
        while True:
            if os.waitid(os.P_PID, self._process, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                return wire.EXITED
            now = monotonic()
            end = self._overrun(now)
            if end is not None:
                return end
            pause = min(self._wall_deadline, self._cpu_check) - now
            # Also returns for an earlier child's signal, and is then simply called again.
            signal.sigtimedwait({signal.SIGCHLD}, max(pause, 0))

    def _overrun(self, now: float) -> int | None:
        """The limit that the child is over at `now`, if it is over one."""
        if now >= self._wall_deadline:
            return wire.WALL_LIMIT
        if now >= self._cpu_check:
            left = self._cpu_limit - (self._cpu_used() - self._cpu_before)
            if left <= 0:
                return wire.CPU_LIMIT
            self._cpu_check = now + max(left, 0.005)
        return None

    def _notice_frames(self, buffer: memoryview) -> bool:
        """Renews the limits when an execution has been reported in full; False for bytes that no
        execution can have reported.
        """
        token = buffer[len(wire.ACKNOWLEDGEMENT) : wire.ACKNOWLEDGEMENT_BYTES]
        while self.received > self._next_frame:
            start = self._next_frame
            seen = min(self.received - start, len(token))
            if not self._frames_left or buffer[start : start + seen] != token[:seen]:
                return False
            if self.received < start + wire.FRAME.size:
                return True
            _, length = wire.FRAME.unpack_from(buffer, start)
            if self.received < start + wire.FRAME.size + length:
                return True
            self._next_frame += wire.FRAME.size + length
            self._frames_left -= 1
            if self._frames_left:
                now = monotonic()
                self._wall_deadline = now + self._wall_limit
                self._cpu_before = self._cpu_used()
                self._cpu_check = now + self._cpu_limit
        return True

    def _cpu_used(self) -> float:
        """CPU seconds of the child so far, from its own clock."""
        try:
            # The clock id of another process, as clock_getcpuclockid(3) computes it.
            return clock_gettime(~self._process << 3 | 2)
        except OSError:
            return 0.0
