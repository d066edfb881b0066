"""The seccomp allow-list of a child, as a classic BPF program, for x86_64 and aarch64.

A running program needs memory, clocks and the result pipe. Everything else is refused: with EACCES
where Python turns it into a readable exception, and with the death of the process where no honest
program would ever call. What would give it a number that is another one in each execution (fresh
random numbers, process ids, what was used so far) is refused as well, or chance would become tasks.
"""

import errno
import platform
import struct

# Syscall numbers: (x86_64, aarch64); None where the architecture lacks the call.
_ALLOWED: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "poll": (7, None),
    "lseek": (8, 62),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "writev": (20, 66),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "nanosleep": (35, 101),
    "exit": (60, 93),
    "uname": (63, 160),
    "getuid": (102, 174),
    "getgid": (104, 176),
    "geteuid": (107, 175),
    "getegid": (108, 177),
    "sigaltstack": (131, 132),
    "futex": (202, 98),
    "sched_getaffinity": (204, 123),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "exit_group": (231, 94),
    "ppoll": (271, 73),
    "rseq": (334, 293),
}

# Calls that only an attack makes; the kernel ends the process.
_FATAL: dict[str, tuple[int | None, int | None]] = {
    "execve": (59, 221),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "mount": (165, 40),
    "keyctl": (250, 219),
    "unshare": (272, 97),
    "perf_event_open": (298, 241),
    "setns": (308, 268),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
}

# Calls whose arguments decide.
_MMAP = (9, 222)
_MPROTECT = (10, 226)
_IOCTL = (16, 29)
_FCNTL = (72, 25)
_PRLIMIT64 = (302, 261)
# glibc falls back from clone3 to clone, which is refused, only when clone3 does not exist.
_CLONE3 = (435, 435)

_PROT_EXEC = 4
_FCNTL_COMMANDS = (1, 2, 3, 1030)  # F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC
_X32_BIT = 0x40000000

_RETURN_ALLOW = 0x7FFF0000
_RETURN_KILL_PROCESS = 0x80000000
_RETURN_ERRNO = 0x00050000

# Offsets in struct seccomp_data.
_NUMBER = 0
_ARCHITECTURE = 4
_ARGUMENTS = 16

_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP_EQUAL = 0x15
_JUMP_GREATER_EQUAL = 0x35
_JUMP_ANY_BIT = 0x45
_RETURN = 0x06

# machine name -> (column in the tables above, AUDIT_ARCH constant)
_MACHINES = {
    "x86_64": (0, 0xC000003E),
    "aarch64": (1, 0xC00000B7),
    "arm64": (1, 0xC00000B7),
}


class UnsupportedMachineError(Exception):
    """There is no syscall table for this processor architecture."""


class _Assembler:
    """Collects instructions; a check that does not match falls through to the next one."""

    def __init__(self) -> None:
        self.instructions: list[tuple[int, int, int, int]] = []

    def add(self, code: int, jump_true: int, jump_false: int, operand: int) -> None:
        self.instructions.append((code, jump_true, jump_false, operand & 0xFFFFFFFF))

    def load(self, offset: int) -> None:
        self.add(_LOAD, 0, 0, offset)

    def load_argument(self, index: int, high_half: bool = False) -> None:
        self.load(_ARGUMENTS + 8 * index + (4 if high_half else 0))

    def result(self, action: int) -> None:
        self.add(_RETURN, 0, 0, action)

    def result_if_equal(self, operand: int, action: int) -> None:
        self.add(_JUMP_EQUAL, 0, 1, operand)
        self.result(action)

    def result_unless_equal(self, operand: int, action: int) -> None:
        self.add(_JUMP_EQUAL, 1, 0, operand)
        self.result(action)

    def assemble(self) -> bytes:
        return b"".join(struct.pack("<HBBI", *instruction) for instruction in self.instructions)


def refuse(number: int) -> int:
    """The filter action that makes a call fail with errno `number`."""
    return _RETURN_ERRNO | number


def build_filter(machine: str | None = None) -> bytes:
    """The BPF program for `machine` (this one by default); raises UnsupportedMachineError."""
    name = machine or platform.machine()
    if name not in _MACHINES:
        raise UnsupportedMachineError(name)
    column, architecture = _MACHINES[name]
    program = _Assembler()

    program.load(_ARCHITECTURE)
    program.result_unless_equal(architecture, _RETURN_KILL_PROCESS)
    program.load(_NUMBER)
    if column == 0:
        program.add(_JUMP_GREATER_EQUAL, 0, 1, _X32_BIT)
        program.result(_RETURN_KILL_PROCESS)

    for numbers in _ALLOWED.values():
        number = numbers[column]
        if number is not None:
            program.result_if_equal(number, _RETURN_ALLOW)
    _add_argument_checks(program, column)
    program.result_if_equal(_CLONE3[column], refuse(errno.ENOSYS))
    for numbers in _FATAL.values():
        number = numbers[column]
        if number is not None:
            program.result_if_equal(number, _RETURN_KILL_PROCESS)
    program.result(refuse(errno.EACCES))
    return program.assemble()


def _add_argument_checks(program: _Assembler, column: int) -> None:
    for call in (_MMAP, _MPROTECT):
        rule = _Assembler()
        rule.load_argument(2)
        rule.add(_JUMP_ANY_BIT, 0, 1, _PROT_EXEC)
        rule.result(refuse(errno.EACCES))
        rule.result(_RETURN_ALLOW)
        _add_rule(program, call[column], rule)

    rule = _Assembler()
    rule.load_argument(1)
    for command in _FCNTL_COMMANDS:
        rule.result_if_equal(command, _RETURN_ALLOW)
    rule.result(refuse(errno.EACCES))
    _add_rule(program, _FCNTL[column], rule)

    # No descriptor of a child is a terminal; answering so keeps `isatty` working.
    rule = _Assembler()
    rule.result(refuse(errno.ENOTTY))
    _add_rule(program, _IOCTL[column], rule)

    # Reading the own limits is harmless, and a first argument of 0 means the calling process.
    rule = _Assembler()
    rule.load_argument(0)
    rule.result_unless_equal(0, refuse(errno.EACCES))
    for high_half in (False, True):
        rule.load_argument(2, high_half)
        rule.result_unless_equal(0, refuse(errno.EACCES))
    rule.result(_RETURN_ALLOW)
    _add_rule(program, _PRLIMIT64[column], rule)


def _add_rule(program: _Assembler, number: int, rule: _Assembler) -> None:
    """Runs `rule`, which returns on every path, for the one syscall `number`."""
    program.add(_JUMP_EQUAL, 0, len(rule.instructions), number)
    program.instructions.extend(rule.instructions)
