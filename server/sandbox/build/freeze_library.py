"""Packs the allow-listed standard library, compiled, into one blob.

Usage: freeze_library.py LIBRARY_SOURCE_FOLDER HARNESS_FOLDER OUTPUT

The blob is read by reactor.c: the number of modules, then for each the length of its name with a
zero byte, whether it is a package, the length of its code, the name, the code; numbers are 32-bit,
little endian. Which modules are packed follows from `preload.py`: those a program may import, those
the harness needs, and all that these load.
"""

import _imp
import ast
import marshal
import struct
import sys
import types
from pathlib import Path

# What Python itself imports while it starts.
_STARTUP = ("encodings", "encodings.aliases", "encodings.utf_8")

# What modules import on some machines only, or for what no program can do in the sandbox. They try
# without, or never get there.
_OMITTED = frozenset(
    {
        "_pydecimal",
        "_pyio",
        "ctypes",
        "datetime",
        "doctest",
        "hashlib",
        # Frozen into Python itself, under other names.
        "importlib._bootstrap",
        "importlib._bootstrap_external",
        "importlib.metadata",
        "multiprocessing",
        "nt",
        "pdb",
        "pydoc",
        "socket",
        "subprocess",
        "tempfile",
        "threading",
        "unittest",
        "urllib",
    }
)


class _Library:
    def __init__(self, source: Path) -> None:
        self._source = source
        self.modules: dict[str, tuple[bool, bytes]] = {}

    def add(self, name: str) -> None:
        """Adds a module, the packages around it, and what it imports when it is loaded."""
        package, _, _ = name.rpartition(".")
        if package:
            self.add(package)
        if name in self.modules or name.split(".")[0] in _OMITTED or name in _OMITTED:
            return
        if name in sys.builtin_module_names or _imp.is_frozen(name):
            return
        path, is_package = self._find(name)
        if path is None:
            return
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = _imports_on_load(tree, name, is_package)
        code = compile(
            _without_docstrings(tree), f"<{name}>", "exec", dont_inherit=True, optimize=0
        )
        self.modules[name] = (is_package, marshal.dumps(_without_lines(code)))
        for other in imported:
            self.add(other)

    def _find(self, name: str) -> tuple["Path | None", bool]:
        place = self._source.joinpath(*name.split("."))
        if (place / "__init__.py").is_file():
            return place / "__init__.py", True
        file = place.with_suffix(".py")
        return (file, False) if file.is_file() else (None, False)

    def pack(self) -> bytes:
        parts = [struct.pack("<I", len(self.modules))]
        for name, (is_package, code) in sorted(self.modules.items()):
            encoded = name.encode() + b"\0"
            parts.append(struct.pack("<III", len(encoded), is_package, len(code)) + encoded + code)
        return b"".join(parts)


def _without_docstrings(tree: ast.Module) -> ast.Module:
    """Assertions stay, unlike under -OO. Every copy of the interpreter's memory gets smaller."""
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if ast.get_docstring(node, clean=False) is not None:
            node.body[0] = ast.copy_location(ast.Pass(), node.body[0])
    return tree


def _without_lines(code: types.CodeType) -> types.CodeType:
    """Only lines of the program are ever told, and tables of lines are a third of the blob."""
    constants = (
        _without_lines(constant) if isinstance(constant, types.CodeType) else constant
        for constant in code.co_consts
    )
    return code.replace(co_linetable=b"", co_consts=tuple(constants))


def _imports_on_load(tree: ast.Module, name: str, is_package: bool) -> list[str]:
    """Names of the modules that loading `tree` imports: not those imported inside functions."""
    found: list[str] = []
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, name, is_package)
            # What is imported from a package may be a module of it, or one of its names.
            found += [base, *(f"{base}.{alias.name}" for alias in node.names)]
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)
    return found


def _base(node: ast.ImportFrom, name: str, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = name.split(".")
    above = parts[: len(parts) - node.level + is_package]
    return ".".join([*above, *([node.module] if node.module else [])])


def _wanted(harness: Path) -> list[str]:
    """`MODULES` and `_CODECS` of preload.py, and what the files of the harness import."""
    wanted: list[str] = []
    for assignment in ast.parse((harness / "preload.py").read_text(encoding="utf-8")).body:
        if not isinstance(assignment, ast.Assign):
            continue
        if ast.unparse(assignment.targets[0]) in ("MODULES", "_CODECS"):
            wanted += ast.literal_eval(assignment.value)
    return [*wanted, "ast", "io", "gc", "struct", "importlib", "traceback"]


def main(source: str, harness: str, output: str) -> None:
    library = _Library(Path(source))
    for name in (*_STARTUP, *_wanted(Path(harness))):
        library.add(name)
    Path(output).write_bytes(library.pack())
    print(f"{len(library.modules)} modules: {' '.join(sorted(library.modules))}", file=sys.stderr)


main(*sys.argv[1:])
