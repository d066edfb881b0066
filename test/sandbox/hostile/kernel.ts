/** Programs that ask the kernel for rights, for devices of its own, or for what is rarely tested. */
import {
  attempts,
  CTYPES,
  entry,
  type HostileProgram,
  REFUSED,
  systemCall,
} from './hostileProgram.ts';

/** Calls that must fail, with arguments that would succeed or at least be looked at. */
const REFUSED_CALLS: readonly (readonly [name: string, call: string, argumentList: string])[] = [
  ['makes a namespace', 'unshare', '0x10000000'],
  ['loads a program into the kernel', 'bpf', '5, bytes(128), 128'],
  ['sets up a ring of requests', 'io_uring_setup', '8, bytes(256)'],
  ['counts events of the processor', 'perf_event_open', 'bytes(128), 0, -1, -1, 0'],
  ['handles its own page faults', 'userfaultfd', '0'],
  ['makes memory that has no name', 'memfd_create', 'b"m", 0'],
  ['makes shared memory', 'shmget', '0, 1 << 30, 0o1600'],
  ['opens a queue of messages', 'mq_open', 'b"azr", 0o102, 0o600, None'],
  ['becomes root', 'setuid', '0'],
  ['asks for real-time priority', 'sched_setscheduler', '0, 1, (1).to_bytes(4, "little")'],
  ['raises its priority', 'setpriority', '0, 0, -20'],
  ['stores a key in the kernel', 'add_key', 'b"user", b"azr", b"x", 1, -4'],
  ['changes its personality', 'personality', '0x0040000'],
  ['watches files', 'inotify_init1', '0'],
  ['makes a counter', 'eventfd2', '0, 0'],
  ['can be traced again', 'prctl', '4, 1, 0, 0, 0'],
  ['replaces its filter', 'seccomp', '1, 0, bytes(16)'],
  ['sets an alarm', 'setitimer', '0, bytes(16), 0'],
  ['makes a timer', 'timer_create', '1, None, bytes(8)'],
  ['locks memory', 'mlock', '0, 4096'],
  ['restarts the machine', 'reboot', '0, 0, 0'],
];

export function kernelAttacks(): HostileProgram[] {
  return [
    ...REFUSED_CALLS.map(([name, call, argumentList]) => ({
      name,
      program: systemCall(call, argumentList),
      outcomes: ['ok', ...REFUSED] as const,
      result: /^-1$/,
    })),
    {
      name: 'calls by the other table of system calls',
      // On x86_64, bit 30 chooses the x32 table; elsewhere there is no such call at all.
      program: entry('return libc().syscall(0x40000000 + 39)', CTYPES),
      outcomes: ['ok', ...REFUSED],
      result: /^-1$/,
    },
    {
      name: 'maps executable memory',
      program: entry('return libc().mmap(0, 4096, 7, 0x22, -1, 0)', CTYPES),
      outcomes: ['ok', ...REFUSED],
      result: /^-1$/,
    },
    {
      name: 'makes memory executable',
      program: entry(
        `
c = libc()
c.mmap.restype = ctypes()["c_void_p"]
page = c.mmap(None, 4096, 3, 0x22, -1, 0)
return c.mprotect(ctypes()["c_void_p"](page), 4096, 5)`,
        CTYPES,
      ),
      outcomes: ['ok', ...REFUSED],
      result: /^-1$/,
    },
    {
      name: 'runs machine code of its own',
      program: entry(
        `
code = b"\\x90\\xc3" * 64
prototype = ctypes()["CFUNCTYPE"](None)
prototype(address_of(code) + 32)()
return 1`,
        CTYPES,
      ),
      outcomes: REFUSED,
    },
    ...attempts({
      'raises its limits':
        'import resource\nfor kind in range(16):\n    resource.setrlimit(kind, (-1, -1))',
    }),
    {
      name: 'raises its limits by a raw system call',
      program: entry('return libc().prlimit(0, 9, b"\\xff" * 16, None)', CTYPES),
      outcomes: ['ok', ...REFUSED],
      result: /^-1$/,
    },
  ];
}
