"""What a program sees of the process around it: made up for each request of the native engine.

What depends on the time, on an address or on a number that the process happens to have must differ
between the executions of a program, or it would pass for a result. The clock starts at another time
in each request, and at a date of its own in each variant; identities, thread number, counters of
memory and the shared stream of random numbers are others in each request; numbers of processes are
refused here, and fresh random numbers by the system call filter. In WebAssembly the host does it.

A program that digs can still reach the functions replaced here: this makes honest programs differ
and dishonest ones rarer. What no request can vary are the addresses of what was there before the
program, and the upper halves of all others: those differ between the two fork servers only.
"""

import builtins
import random
import sys
import time
import types
from collections.abc import Callable
from typing import Any, NoReturn

_SECOND = 1_000_000_000
_MILLISECOND = 1_000_000
_MICROSECOND = 1_000

# What the clock says at the start, in ns. The two differ in whether their seconds, milliseconds,
# microseconds and nanoseconds are even, and what is added to them is even in each of these.
_CLOCK_STARTS = (1_704_067_200_000_000_000, 1_741_953_601_001_001_001)
_CPU_CLOCKS = (time.CLOCK_PROCESS_CPUTIME_ID, time.CLOCK_THREAD_CPUTIME_ID)

# Of the sizes that most objects have, up to so many blocks are kept, to move what comes after them.
_BLOCK_BYTES = range(16, 257, 16)
_LARGEST_HOLD = 32
_BYTES_OVERHEAD = sys.getsizeof(b"")

_IDENTITY_MASK = (1 << 48) - 1

# Tell the time by a clock of their own, and are part of some interpreters' executable.
_MODULES_WITH_CLOCKS = ("_datetime", "datetime")


class _Clock:
    """Only counts: every look at it moves it on a little, and sleeping by as long as it takes."""

    def __init__(self) -> None:
        self._now = 0
        self._step = _MICROSECOND
        self._process_start = 0

    def set(self, variant: int, chance: "_Chance") -> None:
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


class _Chance:
    """Numbers of at most 48 bits that follow from a seed, by Knuth's generator for MMIX.

    Not one of `hashlib` or `random`, whose first use in a child costs more than all else here.
    """

    def __init__(self, seed: bytes) -> None:
        self._state = int.from_bytes(seed, "little")

    def below(self, bound: int) -> int:
        self._state = (self._state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
        return (self._state >> 16) % bound


class _Identities:
    """`id`, and `hash` where it is made of an address: other numbers in each request.

    Within one they stay what they were: different for different objects, and always the same.
    """

    def __init__(self) -> None:
        self.factor = 1
        self.offset = 0

    def set(self, chance: _Chance) -> None:
        self.factor = 2 * chance.below(1 << 47) + 1
        self.offset = chance.below(1 << 48)

    def of(self, address: int) -> int:
        return (address * self.factor + self.offset) & _IDENTITY_MASK


_clock = _Clock()
_identities = _Identities()
# Alive as long as the process is.
_held: list[Any] = []


def prepare() -> None:
    """Replaces the functions that show surroundings, in the fork server and so in all its children.

    Whoever needs the true ones must have taken them from their modules before.
    """
    _replace_identities()
    _replace_clock()
    for name in _MODULES_WITH_CLOCKS:
        if name in sys.modules or name in sys.builtin_module_names:
            # Python's own sign that a module cannot be imported.
            sys.modules[name] = None  # pyright: ignore[reportArgumentType]
    refused = _refuse("A program may not see the number of its thread.")
    _replace("_thread", get_ident=lambda: _identities.offset, get_native_id=refused)
    refused = _refuse("A program may not see the numbers and times of its process.")
    for module in ("os", "posix"):
        _replace(module, getpid=refused, getppid=refused, times=refused)


def make_up(variant: int, seed: bytes) -> None:
    """Gives this process the surroundings of `seed`, which no other request has."""
    chance = _Chance(seed)
    _clock.set(variant, chance)
    _identities.set(chance)
    random.seed(chance.below(1 << 48))
    for size in _BLOCK_BYTES:
        padding = size - _BYTES_OVERHEAD
        # A loop: a comprehension would be a function, whose block is the next function's again.
        for _ in range(chance.below(_LARGEST_HOLD)):
            _held.append(object() if padding <= 0 else bytes(padding))
    # The collector counts these, and not those above.
    for _ in range(chance.below(_LARGEST_HOLD)):
        _held.append([])


def _replace(module: str, **functions: Callable[..., Any]) -> None:
    names = vars(sys.modules[module])
    for name, function in functions.items():
        if name in names:
            names[name] = function
            if isinstance(function, types.FunctionType):
                # Python names it in its messages.
                function.__name__ = function.__qualname__ = name


def _refuse(reason: str) -> Callable[..., NoReturn]:
    def refuse(*_: Any) -> NoReturn:
        raise PermissionError(reason)

    return refuse


def _replace_identities() -> None:
    identity, value_hash = builtins.id, builtins.hash
    address_hash = object.__hash__

    def made_up_id(obj: object, /) -> int:
        return _identities.of(identity(obj))

    def made_up_hash(obj: object, /) -> int:
        value = value_hash(obj)
        return _identities.of(value) if type(obj).__hash__ is address_hash else value

    _replace("builtins", id=made_up_id, hash=made_up_hash)


def _replace_clock() -> None:
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

    _replace(
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
