"""Entry point inside the wasm engine: prepares the interpreter that the host then copies.

The host puts `SOURCES`, the texts of the harness by name, in front of this text. This defines
`serve`, which the host calls with each request, in a copy of the memory as it is at the end here.
"""

import gc
import json
import sys
import types
from typing import Any

# Each may import those before it.
_ORDER = (
    "preload",
    "values",
    "reserve",
    "execution",
    "normal_form",
    "chance",
    "inspection",
    "wire",
    "service",
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
    from harness import execution, inspection, preload, service, values

    preload.load()
    values.allow_long_integers()
    for _ in range(_WARM_UP_ROUNDS):
        execution.execute(_WARM_UP, "[3, 1, 2], key='ab'", 8192, 8192)
        execution.execute(_WARM_UP, "[3, 1, 2]", 8192, 8192)
        inspection.inspect(_WARM_UP)
        json.loads(json.dumps({"text": _WARM_UP, "list": [1, 2.5, None]}))
    execution.execute("def g(x):\n    return x[0]", "1", 8192, 8192)
    execution.execute("def g(x)", "1", 8192, 8192)

    def serve(body: bytes) -> None:
        service.answer(json.loads(body))

    return serve


_load()
_serve = _prepare()
sys.modules["harness.preload"].hide_from_programs()
vars(sys.modules["__main__"])["serve"] = _serve
gc.collect()
# What is alive now stays alive, and no collection needs to look at it again.
gc.freeze()
gc.disable()
