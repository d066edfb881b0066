"""Which modules a program can import: those loaded here, since a child cannot open any file."""

import importlib
import os
import sys
import types

from harness import text_codecs

# Standard library modules a program may use. `random`, `time`, `datetime` and the like are left
# out: what depends on them is no task.
MODULES = (
    "abc",
    "bisect",
    "cmath",
    "collections",
    "collections.abc",
    "copy",
    "dataclasses",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "heapq",
    "itertools",
    "json",
    "math",
    "numbers",
    "operator",
    "re",
    "statistics",
    "string",
    "textwrap",
    "types",
    "typing",
    "unicodedata",
)

# Codecs that text methods load on first use.
_CODECS = (
    "encodings.ascii",
    "encodings.latin_1",
    "encodings.utf_16",
    "encodings.utf_8",
    "encodings.idna",
)

# What `from __future__` imports in any program. Python takes it as an instruction to its compiler,
# and then binds the name to facts about releases.
_FUTURE_FEATURES = (
    *("nested_scopes", "generators", "division", "absolute_import", "with_statement"),
    *("print_function", "unicode_literals", "barry_as_FLUFL", "generator_stop", "annotations"),
)

# Loaded for the server's own use or by one of the modules above; a program has no business with
# them. Hiding them is tidiness, not protection: the kernel's filter is the wall. `resource` must
# stay, because `os.wait4` imports it at every call.
_HIDDEN = (
    "_ctypes",
    "_posixsubprocess",
    "_random",
    "ctypes",
    "fcntl",
    "gc",
    "mmap",
    "random",
    "select",
    "signal",
)


def load() -> None:
    """Imports everything a program may import; a module this Python lacks is left out."""
    for name in (*MODULES, *_CODECS):
        try:
            importlib.import_module(name)
        except ImportError:
            continue
    text_codecs.register()
    future = types.ModuleType("__future__")
    vars(future).update({name: name for name in _FUTURE_FEATURES})
    sys.modules["__future__"] = future


def hide_from_programs() -> None:
    """Takes the server's own modules, arguments and search paths out of a program's sight."""
    for name in list(sys.modules):
        if name == "harness" or name.startswith("harness.") or name.split(".")[0] in _HIDDEN:
            del sys.modules[name]
    # Functions keep their globals, so the server works on without being importable.
    sys.modules["__main__"] = types.ModuleType("__main__")
    # What is left of the environment, the hash seed, would tell a program which run it is in.
    os.environ.clear()
    sys.path.clear()
    sys.path_importer_cache.clear()
    sys.argv[:] = [""]
    sys.orig_argv[:] = []
