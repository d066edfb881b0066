"""Prints which folders and files a fork server reads, for a file system that holds nothing else.

Started like a fork server, outside any jail, before a program is met. Prints JSON: `folders` and
`files`, absolute paths.
"""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120

from harness import fork_server, preload

# Programs name their loader by one of these paths, whatever links lead from there.
_LOADER_FOLDERS = ("/lib", "/lib64", "/libx32", "/usr/lib", "/usr/lib64")


def _mapped_files() -> set[str]:
    """Everything this process has mapped: the interpreter and its shared libraries."""
    lines = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    # address, rights, offset, device, inode, path; anonymous memory has no path.
    fields = [line.split(maxsplit=5) for line in lines]
    return {field[5] for field in fields if len(field) == 6 and field[5].startswith("/")}


def _without_nested(folders: set[str]) -> list[str]:
    """Outermost folders only, since a folder brings what lies in it."""
    return sorted(
        folder
        for folder in folders
        if not any(folder.startswith(f"{other}/") for other in folders if other != folder)
    )


def main() -> None:
    # Whatever a fork server loads is mapped from here on.
    preload.load()
    assert fork_server
    executable = os.path.realpath(sys.executable)
    mapped = {path for path in _mapped_files() if Path(path).is_file()}
    libraries = {str(Path(path).parent) for path in mapped - {executable}}
    standard_library = str(Path(os.__file__).resolve().parent)
    loaders = [
        str(path)
        for folder in _LOADER_FOLDERS
        for path in Path(folder).glob("ld*.so*")
        if path.is_file()
    ]
    print(
        json.dumps(
            {
                "folders": _without_nested({standard_library, *libraries} - {"/"}),
                "files": [executable, *sorted(loaders)],
            }
        )
    )


main()
