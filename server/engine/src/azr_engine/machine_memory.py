"""Memory of the machine, or of the container that this process may not leave."""

from __future__ import annotations

import os
import sys
from pathlib import Path, PurePosixPath

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUPS = Path("/proc/self/cgroup")


def machine_memory_mb() -> int:
    """What all programs share, of which a container's limit may leave less."""
    return min([_installed_bytes(), *limits(OWN_CGROUPS, CGROUPS)]) >> 20


def _installed_bytes() -> int:
    if sys.platform != "win32":
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    import ctypes

    # MEMORYSTATUSEX: two numbers of 32 bits, the first its own size, and seven of 64, of which the
    # first is the machine's memory. https://learn.microsoft.com/windows/win32/api/sysinfoapi
    status = (ctypes.c_uint64 * 8)(64)
    if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        raise ctypes.WinError()
    return int(status[1])


def limits(own: Path, root: Path) -> list[int]:
    """
    Those of this process's control group and of all above it, of either version:
    https://docs.kernel.org/admin-guide/cgroup-v2.html and cgroup-v1/memory.html.
    """
    found: list[int] = []
    for line in _text(own).splitlines():
        _, controllers, name = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        place = PurePosixPath(controllers) / name.lstrip("/")
        for group in (place, *place.parents):
            for file in ("memory.max", "memory.high", "memory.limit_in_bytes"):
                limit = _text(root / group / file).strip()
                # "max" and "" are no limit.
                found += [int(limit)] if limit.isdigit() else []
    return found


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
