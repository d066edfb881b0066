"""The clock that a program sees in the native engine: made up, since the true one is a coin.

It starts at another time in each request, and at a date of its own in each variant. In WebAssembly
the host does it (`surroundings.ts`).

A program that digs can still reach the functions replaced here: this makes honest programs differ
and dishonest ones rarer.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

from harness.surroundings import Chance, replace

_SECOND = 1_000_000_000
_MILLISECOND = 1_000_000
_MICROSECOND = 1_000

# What the clock says at the start, in ns. The two differ in whether their seconds, milliseconds,
# microseconds and nanoseconds are even, and what is added to them is even in each of these.
_CLOCK_STARTS = (1_704_067_200_000_000_000, 1_741_953_601_001_001_001)
_CPU_CLOCKS = (time.CLOCK_PROCESS_CPUTIME_ID, time.CLOCK_THREAD_CPUTIME_ID)

# Tell the time by a clock of their own, and are part of some interpreters' executable.
_MODULES_WITH_CLOCKS = ("_datetime", "datetime")


class _Clock:
    """Only counts: every look at it moves it on a little, and sleeping by as long as it takes."""

    def __init__(self) -> None:
        self._now = 0
        self._step = _MICROSECOND
        self._process_start = 0

    def set(self, variant: int, chance: Chance) -> None:
        start = _CLOCK_STARTS[variant]
        self._now = (
            start
            + 2 * _SECOND * chance.below(1 << 21)
            + 2 * _MILLISECOND * chance.below(400)
            + 2 * _MICROSECOND * chance.below(400)
            + 2 * chance.below(400)
        )
        self._step = 2 * _MICROSECOND * (10 + chance.below(40))
        # The process's own time begins near zero.
        self._process_start = self._now - start % _SECOND

    def now(self) -> int:
        self._now += self._step
        return self._now

    def process(self) -> int:
        return self.now() - self._process_start

    def pass_by(self, seconds: float) -> None:
        self._now += int(seconds * _SECOND)


_clock = _Clock()


def prepare() -> None:
    """Replaces the functions that tell the time, in the fork server and so in all its children.

    Whoever needs the true ones must have taken them from their modules before.
    """
    _replace_functions()
    for name in _MODULES_WITH_CLOCKS:
        if name in sys.modules or name in sys.builtin_module_names:
            # Python's own sign that a module cannot be imported.
            sys.modules[name] = None  # pyright: ignore[reportArgumentType]


def make_up(variant: int, chance: Chance) -> None:
    """Sets the clock of this process, which no other request has."""
    _clock.set(variant, chance)


def _replace_functions() -> None:
    clock = _clock
    true_sleep = time.sleep
    true_localtime = time.localtime
    true_asctime, true_strftime = time.asctime, time.strftime

    def seconds(nanoseconds: Callable[[], int]) -> Callable[[], float]:
        return lambda: nanoseconds() / _SECOND

    def of_clock(number: int, /) -> int:
        return clock.process() if number in _CPU_CLOCKS else clock.now()

    def sleep(duration: float, /) -> None:
        true_sleep(duration)
        clock.pass_by(duration)

    def at_time(function: Callable[[float], Any]) -> Callable[..., Any]:
        def told(moment: float | None = None, /) -> Any:
            return function(clock.now() / _SECOND if moment is None else moment)

        return told

    localtime = at_time(true_localtime)

    def asctime(moment: Any = None, /) -> str:
        return true_asctime(localtime() if moment is None else moment)

    def strftime(form: str, moment: Any = None, /) -> str:
        return true_strftime(form, localtime() if moment is None else moment)

    replace(
        "time",
        time=seconds(clock.now),
        time_ns=clock.now,
        monotonic=seconds(clock.now),
        monotonic_ns=clock.now,
        perf_counter=seconds(clock.now),
        perf_counter_ns=clock.now,
        process_time=seconds(clock.process),
        process_time_ns=clock.process,
        thread_time=seconds(clock.process),
        thread_time_ns=clock.process,
        clock_gettime=lambda number, /: of_clock(number) / _SECOND,
        clock_gettime_ns=of_clock,
        sleep=sleep,
        localtime=localtime,
        gmtime=at_time(time.gmtime),
        ctime=at_time(time.ctime),
        asctime=asctime,
        strftime=strftime,
    )
