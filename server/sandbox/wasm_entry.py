"""Entry point inside the wasm engine: prepares the interpreter that the host then copies.

The host puts `LAYOUT_SEED`, a number, and `SOURCES`, the texts of the harness by name, in front of
this text. This defines `serve`, which the host calls for each execution of a request, the first of
them in a copy of the memory as it is at the end here.
"""

import gc
import json
import sys
import types
from collections.abc import Callable
from typing import Any

# Each may import those before it.
_ORDER = (
    "text_codecs",
    "preload",
    "values",
    "reserve",
    "execution",
    "own_functions",
    "normal_form",
    "chance",
    "construct_names",
    "subscripts",
    "constructs",
    "inspection",
    "wire",
    "service",
    "surroundings",
)

# Run once before the copy is made, so that what Python prepares on first use is prepared in every
# copy: the parser, the syntax tree's classes, the specialised bytecode of the harness itself.
_WARM_UP = """
from collections import Counter
def f(values, key=None):
    names = sorted({f"{value:>4}" for value in values}, key=lambda name: (len(name), name))
    try:
        return {"names": names, "count": Counter(values).most_common(2), "x": 1 / len(key)}
    except TypeError as error:
        print(error)
        return [sum(value * 0.5 for value in values), (None, True, b"", 2j), set(values)]
"""
_WARM_UP_ROUNDS = 10

# What `_Layout` frees for programs to use, by the size of the block: as many as most programs need.
# On 32-bit machines Python's own allocator has sizes in steps of 8 bytes up to 512.
_FREE_BLOCKS = {
    **dict.fromkeys(range(8, 72, 8), 600),
    **dict.fromkeys(range(72, 136, 8), 150),
    **dict.fromkeys(range(136, 520, 8), 10),
}
# Of each size so many more are kept, so that no page of blocks gets free as a whole.
_KEPT_SHARE = 0.4
# Larger blocks come from the C library.
_LARGE_BLOCKS = 30
_LARGEST_BYTES = 4_000
_FREE_OBJECTS = 100


def _load() -> None:
    package = types.ModuleType("harness")
    package.__path__ = []
    sys.modules["harness"] = package
    sources: dict[str, str] = globals()["SOURCES"]
    for name in _ORDER:
        module = types.ModuleType(f"harness.{name}")
        sys.modules[module.__name__] = module
        code = compile(sources[name], f"<{module.__name__}>", "exec", dont_inherit=True)
        exec(code, module.__dict__)
        setattr(package, name, module)


def _prepare() -> Any:
    from harness import execution, inspection, preload, service, surroundings, values

    preload.load()
    values.allow_long_integers()
    for _ in range(_WARM_UP_ROUNDS):
        execution.execute(_WARM_UP, "[3, 1, 2], key='ab'", 8192, 8192)
        execution.execute(_WARM_UP, "[3, 1, 2]", 8192, 8192)
        inspection.inspect(_WARM_UP)
        json.loads(json.dumps({"text": _WARM_UP, "list": [1, 2.5, None]}))
    execution.execute("def g(x):\n    return x[0]", "1", 8192, 8192)
    execution.execute("def g(x)", "1", 8192, 8192)

    surroundings.refuse_numbers()

    def serve(body: bytes) -> None:
        request = json.loads(body)
        if "surroundings" in request:
            surroundings.replace_identities()
            surroundings.make_up(surroundings.Chance(bytes.fromhex(request["surroundings"])))
        service.answer(request)

    return serve


class _Layout:
    """Gives this interpreter other addresses, reference counts and collections than another has.

    What a program returns must not depend on them, and shows that it does when it is run in both.
    """

    def __init__(self, seed: int) -> None:
        self._state = seed
        self._kept: list[Any] = []

    def spread(self) -> None:
        """Before the collector is told to leave alone what there is."""
        self._refer_to_all()
        # Python itself keeps objects of these types when they are freed, for the next of the type.
        self._scatter(list, _FREE_OBJECTS)
        self._scatter(lambda: {0: None}, _FREE_OBJECTS)
        self._scatter(lambda: float(self._below(1_000)), _FREE_OBJECTS)
        for length in range(1, 9):
            self._scatter(lambda length=length: (None,) * length, _FREE_OBJECTS)
        for size, count in _FREE_BLOCKS.items():
            self._scatter(lambda size=size: _block(size), count)
        self._scatter(lambda: bytes(512 + self._below(_LARGEST_BYTES)), _LARGE_BLOCKS)

    def unsettle(self) -> None:
        """Afterwards: the collector's counters, and objects of its youngest generation."""
        for generation in (1, 0, 0, 0):
            gc.collect(generation)
        self._kept.append([[] for _ in range(150 + self._below(100))])

    def _refer_to_all(self) -> None:
        """Adds four to nine references to what programs find in Python itself."""
        found: list[Any] = [None, True, False, ..., NotImplemented, (), "", b"", *range(-5, 257)]
        characters = [chr(code) for code in range(256)]
        found += characters
        # Python's own names of one character are other objects than what `chr` gives.
        found += map(sys.intern, characters)
        for item in gc.get_objects():
            if isinstance(item, (type, types.ModuleType)):
                members = vars(item).copy()
                found += (item, *members, *members.values())
            elif isinstance(item, types.FunctionType):
                found += (*item.__code__.co_names, *item.__code__.co_varnames)
        for item in {id(item): item for item in found}.values():
            self._kept += [item] * (4 + self._below(6))

    def _scatter(self, make: Callable[[], object], freed: int) -> None:
        """Frees so many of a few more objects, in an order that says nothing of their places."""
        blocks = [make() for _ in range(int(freed * (1 + _KEPT_SHARE)))]
        for last in range(len(blocks) - 1, 0, -1):
            other = self._below(last + 1)
            blocks[last], blocks[other] = blocks[other], blocks[last]
        self._kept += blocks[freed:]
        del blocks[freed:]
        while blocks:
            blocks.pop()

    def _below(self, bound: int) -> int:
        """The next number of a linear congruential generator, that of the C standard's example."""
        self._state = (self._state * 1_103_515_245 + 12_345) % 2**31
        return (self._state >> 8) % bound


_load()
_serve = _prepare()
_block: Callable[[int], object] = sys.modules["harness.surroundings"].block
sys.modules["harness.preload"].hide_from_programs()
vars(sys.modules["__main__"])["serve"] = _serve
gc.collect()
_layout = _Layout(globals()["LAYOUT_SEED"])
if globals()["LAYOUT_SEED"]:
    _layout.spread()
# What is alive now stays alive, and no collection needs to look at it again.
gc.freeze()
gc.disable()
if globals()["LAYOUT_SEED"]:
    _layout.unsettle()
