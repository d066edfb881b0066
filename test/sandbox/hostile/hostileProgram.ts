/** What a hostile program is, and the pieces its texts are made of. */
import type { ExecutionOutcome } from '../../../server/protocol/vocabulary.ts';

export interface HostileProgram {
  readonly name: string;
  readonly program: string;
  /** How its execution may end. What it did is seen from outside, whatever this says. */
  readonly outcomes: readonly ExecutionOutcome[];
  /** What it may have returned when it ended well. */
  readonly result?: RegExp;
}

/** What the programs attack; all of it is watched from outside the jail. */
export interface Targets {
  readonly tcpPort: number;
  readonly udpPort: number;
  /** Abstract unix socket, without its leading zero byte. */
  readonly unixName: string;
  readonly canaryFile: string;
  /** Numbers of the processes that serve the program's sandbox, as the host counts. */
  readonly serverPids: readonly number[];
  /** Everyone may write here; nothing may appear. */
  readonly writableFolder: string;
  /** Names that appear in no other program, for files in shared places. */
  readonly marker: string;
}

/** Every way to end without a result. */
export const FAILURES: readonly ExecutionOutcome[] = [
  'error',
  'forbidden',
  'crashed',
  'memory',
  'timeout',
];

/** Refused with an exception that the program did not see coming, or ended at once. */
export const REFUSED: readonly ExecutionOutcome[] = ['forbidden', 'error', 'crashed'];

/** A program whose entry function has this body; `before` stands at module level. */
export function entry(body: string, before = ''): string {
  return `${before}\ndef f(x):\n${indent(body)}\n`;
}

/** Tries the statements, swallows every failure, and returns what was found and what failed. */
export function attempt(statements: string, before = ''): string {
  const body = `found = []
try:
${indent(statements)}
except BaseException as error:
    found.append(type(error).__name__)
return found`;
  return entry(body, before);
}

/** The result of an attempt that found nothing: the name of one exception. */
const NOTHING_FOUND = /^\['\w+'\]$/;

/** Programs that try, for each name, its statements, and that must find nothing. */
export function attempts(statementsByName: Readonly<Record<string, string>>): HostileProgram[] {
  return Object.entries(statementsByName).map(([name, statements]) => ({
    name,
    program: attempt(statements),
    outcomes: ['ok', ...REFUSED],
    result: NOTHING_FOUND,
  }));
}

/** Finds ctypes, which programs cannot import, the way an attacker would; None where there is none. */
export const CTYPES = `
def ctypes():
    for kind in object.__subclasses__():
        if kind.__name__ == "CDLL":
            return kind.__init__.__globals__

def libc():
    return ctypes()["CDLL"](None, use_errno=True)

def address_of(value):
    return ctypes()["c_void_p"].from_buffer(ctypes()["py_object"](value)).value
`;

/** The jailed Python's own machine decides the numbers of its system calls. */
export const SYSTEM_CALLS: Readonly<Record<string, number>> =
  process.arch === 'arm64'
    ? {
        ...{ openat: 56, socket: 198, clone: 220, kill: 129, tkill: 130, execve: 221, bpf: 280 },
        ...{ memfd_create: 279, io_uring_setup: 425, unshare: 97, shmget: 194, setpriority: 140 },
        ...{
          sched_setscheduler: 119,
          setuid: 146,
          add_key: 217,
          mknodat: 33,
          name_to_handle_at: 264,
        },
        ...{
          mq_open: 180,
          eventfd2: 19,
          inotify_init1: 26,
          personality: 92,
          chroot: 51,
          prctl: 167,
        },
        ...{ clone3: 435, seccomp: 277, pidfd_open: 434, userfaultfd: 282, perf_event_open: 241 },
        ...{ setitimer: 103, timer_create: 107, rt_sigqueueinfo: 138, reboot: 142, mlock: 228 },
      }
    : {
        ...{ openat: 257, socket: 41, clone: 56, kill: 62, tkill: 200, execve: 59, bpf: 321 },
        ...{ memfd_create: 319, io_uring_setup: 425, unshare: 272, shmget: 29, setpriority: 141 },
        ...{
          sched_setscheduler: 144,
          setuid: 105,
          add_key: 248,
          mknodat: 259,
          name_to_handle_at: 303,
        },
        ...{
          mq_open: 240,
          eventfd2: 290,
          inotify_init1: 294,
          personality: 135,
          chroot: 161,
          prctl: 157,
        },
        ...{ clone3: 435, seccomp: 317, pidfd_open: 434, userfaultfd: 323, perf_event_open: 298 },
        ...{ setitimer: 38, timer_create: 222, rt_sigqueueinfo: 129, reboot: 169, mlock: 149 },
      };

/** A program that makes one raw system call and returns what came of it. */
export function systemCall(name: string, argumentList: string): string {
  return entry(`return libc().syscall(${SYSTEM_CALLS[name]!}, ${argumentList})`, CTYPES);
}

function indent(text: string): string {
  return text
    .trim()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}
