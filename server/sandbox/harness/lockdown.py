"""What takes a process's rights away: once in the fork server, and once more in every child.

Linux only: elsewhere nothing here could be had. Does not cover processor side channels and faults
of the kernel behind the allowed syscalls.
"""

import ctypes
import mmap
import os
import resource
import signal
import struct

from harness import syscall_filter

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_SET_MODE_FILTER = 1
_SYSCALL_SECCOMP = {"x86_64": 317}.get(os.uname().machine, 277)
_SYSCALL_LANDLOCK_CREATE_RULESET = 444
_SYSCALL_LANDLOCK_RESTRICT_SELF = 446
_NOBODY = 65534

# More descriptors than this are never open in a child, so closing up to here closes all.
_DESCRIPTORS_OF_THE_SERVER = 64
_DESCRIPTORS_OF_A_CHILD = 16

# More than any fork server uses, by far.
_LARGEST_ADDRESS_SPACE = 1 << 36

_libc = ctypes.CDLL(None, use_errno=True)


class LockdownError(Exception):
    """A promised protection could not be installed; nothing may run.

    `missing` names it for the owner: `seccomp`, `landlock`, or `other`.
    """

    def __init__(self, message: str, missing: str = "other") -> None:
        super().__init__(message)
        self.missing = missing


class _FilterProgram(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0):
        raise LockdownError(f"prctl({option}): {os.strerror(ctypes.get_errno())}")


def restrict_server(owner: int, has_namespaces: bool) -> list[str]:
    """Gives up, for this process and all its children, what the fork server itself does not need.

    `owner` is the process whose death must end this one; `has_namespaces` says that a file system
    of its own already hides the host's. Returns the names of the protections in force. Files can no
    longer be opened afterwards, so everything must have been imported.

    Two walls must stand between a program and files: the system call filter, and Landlock or
    namespaces. Where neither of the second pair is to be had, LockdownError is raised.
    """
    for limit in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        resource.setrlimit(limit, (0, 0))
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (_DESCRIPTORS_OF_THE_SERVER, _DESCRIPTORS_OF_THE_SERVER)
    )
    rings = ["resource limits"]
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    rings.append("no new privileges")
    if _become_nobody():
        rings.append("unprivileged user")
    landlock = _restrict_by_landlock()
    if landlock > 0:
        rings.append(f"Landlock (ABI {landlock})")
    elif not has_namespaces:
        raise LockdownError("this kernel has no Landlock, and there are no namespaces", "landlock")
    # Changing the user resets both of these, so they come last.
    _prctl(_PR_SET_DUMPABLE, 0)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != owner:
        raise LockdownError("the owner died while the sandbox started")
    return rings


def _become_nobody() -> bool:
    """A server started by root drops to nobody; where that is refused the other rings hold."""
    if os.geteuid() != 0:
        return False
    try:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    except OSError:
        return False
    return True


def _restrict_by_landlock() -> int:
    """Denies the file system, TCP and, where known, signals and sockets outside this domain.

    Returns the Landlock ABI version, or 0 where the kernel has none.
    """
    version = _libc.syscall(_SYSCALL_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if version <= 0:
        return 0
    file_system_rights = {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)
    fields = [(1 << file_system_rights) - 1]
    if version >= 4:
        fields.append(0b11)  # bind and connect TCP
    if version >= 6:
        fields.append(0b11)  # abstract sockets and signals
    attributes = struct.pack(f"<{len(fields)}Q", *fields)
    ruleset = _libc.syscall(
        _SYSCALL_LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0
    )
    if ruleset < 0 or _libc.syscall(_SYSCALL_LANDLOCK_RESTRICT_SELF, ruleset, 0):
        raise LockdownError(f"Landlock: {os.strerror(ctypes.get_errno())}", "landlock")
    os.close(ruleset)
    return version


class ChildLockdown:
    """Prepared once in the fork server, applied in each child after the fork."""

    def __init__(self) -> None:
        self._null = os.open(os.devnull, os.O_RDWR)
        self._address_space = _address_space_bytes()
        # The buffer must live as long as the structure that points to it.
        self._code = ctypes.create_string_buffer(syscall_filter.build_filter())
        instructions = (len(self._code) - 1) // 8
        self._program = _FilterProgram(instructions, ctypes.addressof(self._code))

    def apply(self, result: int, cpu_seconds: int, memory_mb: int) -> None:
        """Leaves `result` as descriptor 3 and nothing else; raises LockdownError or OSError."""
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        for descriptor in (0, 1, 2):
            os.dup2(self._null, descriptor)
        os.dup2(result, 3)
        os.closerange(4, _DESCRIPTORS_OF_THE_SERVER)
        self._limit(resource.RLIMIT_NOFILE, _DESCRIPTORS_OF_A_CHILD)
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
        self._limit(resource.RLIMIT_NPROC, 0)
        self._limit(resource.RLIMIT_AS, self._address_space + (memory_mb << 20))
        self._install_filter()

    def _limit(self, kind: int, value: int) -> None:
        resource.setrlimit(kind, (value, value))

    def _install_filter(self) -> None:
        if _libc.syscall(
            _SYSCALL_SECCOMP, _SECCOMP_SET_MODE_FILTER, 0, ctypes.byref(self._program)
        ):
            raise LockdownError(f"seccomp: {os.strerror(ctypes.get_errno())}", "seccomp")


def _address_space_bytes() -> int:
    """Address space this process already uses; a child's own allowance comes on top of it.

    Found by bisection, as the smallest limit under which one more page can be had: a jail with
    namespaces has no /proc to read it from.
    """
    before = resource.getrlimit(resource.RLIMIT_AS)
    page = resource.getpagesize()
    too_small, enough = 0, _LARGEST_ADDRESS_SPACE // page
    try:
        while enough - too_small > 1:
            middle = (too_small + enough) // 2
            resource.setrlimit(resource.RLIMIT_AS, (middle * page, before[1]))
            try:
                mmap.mmap(-1, page).close()
            except (OSError, MemoryError):
                too_small = middle
            else:
                enough = middle
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    return (enough - 1) * page
