"""What a program sees of the interpreter around it: made up, since all of it is a coin.

What depends on an address or on a number that the interpreter happens to have must differ between
the executions of a program, or it would pass for a result. Identities, hashes of texts, the number
of the thread, counts of references and the shared stream of random numbers follow from a seed, and
so do most addresses. In the native engine each request has a seed of its own. In WebAssembly, where
all executions of a variant would be alike, the seed follows from variant and round, and the first
round has none. What the clock says and fresh random numbers are made up elsewhere: by `clock.py`
and by refusing them, or by the host.

A program that digs can still reach the functions replaced here: this makes honest programs differ
and dishonest ones rarer. What no seed can vary are the hash seed itself, and so the order of a set
of texts, the addresses of what was there before the program, and the upper halves of all others:
those differ between the two variants only.
"""

import builtins
import gc
import random
import sys
import types
from collections.abc import Callable
from typing import Any, NoReturn

# Blocks of Python's own allocator have sizes in steps of two pointers.
_STEP_BYTES = 2 * tuple.__itemsize__
# Of the sizes that most objects have, up to so many blocks are kept, to move what comes after them.
_BLOCK_BYTES = range(_STEP_BYTES, 257, _STEP_BYTES)
_LARGEST_HOLD = 32
# Larger ones come from the C library.
_LARGE_BYTES = 512
_LARGE_HOLD = 8
# Python keeps objects of these types when they are freed, for the next of the type.
_KEPT_TYPES: tuple[Callable[[], object], ...] = (
    list,
    dict,
    lambda: float("0.5"),
    lambda: tuple(range(1)),
    lambda: tuple(range(2)),
    lambda: tuple(range(3)),
)
_EMPTY_BYTES = sys.getsizeof(b"")
_INTEGER_BYTES = sys.getsizeof(1)
_DIGIT_BYTES, _DIGIT_BITS = sys.int_info.sizeof_digit, sys.int_info.bits_per_digit

_IDENTITY_MASK = (1 << 48) - 1
_LARGEST_COUNT = 1_000

# How types hash whose hashes are made of an address, or of the seed of all hashes.
_HASHES_WITHOUT_VALUE = frozenset(
    kind.__hash__
    for kind in (
        *(object, str, bytes, memoryview),
        *(types.MethodType, types.BuiltinMethodType, types.MethodWrapperType),
    )
)
_HASHES_OF_ITEMS = frozenset({tuple.__hash__, frozenset.__hash__})


class Chance:
    """Numbers of at most 48 bits that follow from a seed, by Knuth's generator for MMIX.

    Not one of `hashlib` or `random`, whose first use in a child costs more than all else here.
    """

    def __init__(self, seed: bytes) -> None:
        self._state = int.from_bytes(seed, "little")

    def below(self, bound: int) -> int:
        """The next number, from 0."""
        self._state = (self._state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
        return (self._state >> 16) % bound


class _Identities:
    """`id`, and `hash` where it shows no value: other numbers for each seed.

    Within one execution they stay what they were: different for different objects, and always the
    same.
    """

    def __init__(self) -> None:
        self.factor = 1
        self.offset = 0

    def set(self, chance: Chance) -> None:
        self.factor = 2 * chance.below(1 << 47) + 1
        self.offset = chance.below(1 << 48)

    def of(self, address: int) -> int:
        return (address * self.factor + self.offset) & _IDENTITY_MASK


_identities = _Identities()
# Alive as long as the process is.
_held: list[Any] = []


def refuse_numbers() -> None:
    """Takes away the numbers of process and thread, before any program runs here."""
    refused = _refuse("A program may not see the number of its thread.")
    replace("_thread", get_ident=lambda: _identities.offset, get_native_id=refused)
    refused = _refuse("A program may not see the numbers and times of its process.")
    for module in ("os", "posix"):
        replace(module, getpid=refused, getppid=refused, times=refused)


def replace_identities() -> None:
    """Has the functions that show addresses and counts show what `make_up` makes of them."""
    identity, value_hash = builtins.id, builtins.hash

    def made_up_id(obj: object, /) -> int:
        return _identities.of(identity(obj))

    def made_up_hash(obj: object, /) -> int:
        value = value_hash(obj)
        return value if _has_value(obj) else _identities.of(value)

    def made_up(count: Callable[..., int]) -> Callable[..., int]:
        return lambda *values: count(*values) + _identities.offset % _LARGEST_COUNT

    replace("builtins", id=made_up_id, hash=made_up_hash)
    replace(
        "sys",
        getrefcount=made_up(sys.getrefcount),
        getallocatedblocks=made_up(sys.getallocatedblocks),
    )


def make_up(chance: Chance) -> None:
    """Gives this process the surroundings that follow from `chance`; once, before the program."""
    _identities.set(chance)
    random.seed(chance.below(1 << 48))
    for size in _BLOCK_BYTES:
        # A loop: a comprehension would be a function, whose block is the next function's again.
        for _ in range(chance.below(_LARGEST_HOLD)):
            _held.append(block(size))
    for _ in range(chance.below(_LARGE_HOLD)):
        _held.append(bytes(_LARGE_BYTES + chance.below(8 * _LARGE_BYTES)))
    for _ in range(chance.below(_LARGEST_HOLD)):
        gc.collect(0)
    # The collector counts these, and not those above.
    for make in _KEPT_TYPES:
        for _ in range(chance.below(_LARGEST_HOLD)):
            _held.append(make())


def block(size: int) -> object:
    """An object that takes one of the allocator's blocks of `size` bytes, from 8 to 512."""
    if size >= _EMPTY_BYTES:
        return bytes(size - _EMPTY_BYTES)
    if size >= _INTEGER_BYTES:
        return 1_000 << _DIGIT_BITS * ((size - _INTEGER_BYTES) // _DIGIT_BYTES)
    return object()


def replace(module: str, **functions: Callable[..., Any]) -> None:
    """Puts `functions` in the place of those of `module` that there are, under their names."""
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


def _has_value(obj: object) -> bool:
    """Does the hash of `obj` follow from its value alone?"""
    left: list[Any] = [obj]
    while left:
        item = left.pop()
        how = type(item).__hash__
        if how in _HASHES_WITHOUT_VALUE:
            return False
        if how in _HASHES_OF_ITEMS:
            left += item
        elif isinstance(item, (float, complex)) and item != item:
            # One that is no number hashes by its address.
            return False
    return True
