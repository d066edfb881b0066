/** Programs that try to get out, to stay, to lie or to take everything; each with what may come of it. */
import type { ExecutionOutcome } from '../../server/protocol/vocabulary.ts';

export interface HostileProgram {
  readonly name: string;
  readonly program: string;
  readonly outcomes: readonly ExecutionOutcome[];
  /** What the program must have returned when its outcome is `ok`. */
  readonly output?: string;
}

/** What the programs attack; all of it is watched from outside the jail. */
export interface Targets {
  readonly tcpPort: number;
  readonly udpPort: number;
  readonly canaryFile: string;
  readonly writableFolder: string;
}

/** Finds ctypes, which programs cannot import, the way an attacker would. */
const CTYPES = `
def libc():
    for kind in object.__subclasses__():
        if kind.__name__ == "CDLL":
            return kind(None, use_errno=True)
`;

const RAW = { x64: { open: 2, socket: 41, fork: 57, kill: 62 }, arm64: null }[
  process.arch as 'x64' | 'arm64'
] ?? { open: 1024, socket: 198, fork: 1071, kill: 129 };

function f(body: string, before = ''): string {
  const indented = body
    .trim()
    .split('\n')
    .map((line) => `    ${line}`);
  return `${before}\ndef f(x):\n${indented.join('\n')}\n`;
}

/** Tries each statement, swallows every failure, and returns what was found. */
function attempt(statements: string): string {
  return f(`
found = []
try:
${statements
  .trim()
  .split('\n')
  .map((line) => `    ${line}`)
  .join('\n')}
except BaseException as error:
    found.append(type(error).__name__)
return found`);
}

const ANY_FAILURE = ['error', 'forbidden', 'crashed', 'memory', 'timeout'] as const;

export function hostilePrograms(targets: Targets): HostileProgram[] {
  const { tcpPort, udpPort, canaryFile, writableFolder } = targets;
  const canary = JSON.stringify(canaryFile);
  const target = JSON.stringify(`${writableFolder}/written`);
  return [
    { name: 'opens a file', program: f(`return open(${canary}).read()`), outcomes: ['forbidden'] },
    {
      name: 'opens a file and swallows the refusal',
      program: attempt(`found.append(open(${canary}).read())`),
      outcomes: ['ok'],
      output: "['PermissionError']",
    },
    {
      name: 'opens a file by os.open',
      program: attempt(`import os\nfound.append(os.read(os.open(${canary}, 0), 99))`),
      outcomes: ['ok'],
      output: "['PermissionError']",
    },
    {
      name: 'opens a file by a raw system call',
      program: f(`return libc().syscall(${RAW.open}, ${canary}.encode(), 0)`, CTYPES),
      outcomes: ['ok'],
      output: '-1',
    },
    {
      name: 'reads /proc/self/environ',
      program: attempt('found.append(open("/proc/self/environ").read())'),
      outcomes: ['ok'],
      output: "['PermissionError']",
    },
    {
      name: 'looks for secrets in os.environ',
      program: attempt('import os\nfound.append(str(dict(os.environ)))'),
      outcomes: ['ok'],
      output: "['{}']",
    },
    {
      name: 'lists processes',
      program: attempt('import os\nfound.append(os.listdir("/proc"))'),
      outcomes: ['ok'],
      output: "['PermissionError']",
    },
    {
      name: 'writes a file',
      program: attempt(`open(${target}, "w").write("here")`),
      outcomes: ['ok'],
      output: "['PermissionError']",
    },
    {
      name: 'makes links and folders',
      program: attempt(`import os\nos.symlink("/etc", ${target})\nos.mkdir(${target})`),
      outcomes: ['ok'],
      output: "['PermissionError']",
    },
    {
      name: 'connects over TCP',
      program: attempt(
        `import socket\nsocket.create_connection(("127.0.0.1", ${tcpPort}), timeout=1)`,
      ),
      outcomes: ['ok'],
      output: "['ModuleNotFoundError']",
    },
    {
      name: 'connects with raw sockets',
      program: f(
        `
c = libc()
s = c.syscall(${RAW.socket}, 2, 1, 0)
address = b"\\x02\\x00" + (${tcpPort}).to_bytes(2, "big") + bytes([127, 0, 0, 1]) + bytes(8)
return [s, c.connect(s, address, 16)]`,
        CTYPES,
      ),
      outcomes: ['ok'],
      output: '[-1, -1]',
    },
    {
      name: 'sends a datagram',
      program: f(
        `
c = libc()
s = c.syscall(${RAW.socket}, 2, 2, 0)
address = b"\\x02\\x00" + (${udpPort}).to_bytes(2, "big") + bytes([127, 0, 0, 1]) + bytes(8)
return [s, c.sendto(s, b"out", 3, 0, address, 16)]`,
        CTYPES,
      ),
      outcomes: ['ok'],
      output: '[-1, -1]',
    },
    {
      name: 'starts a program',
      program: attempt(`import subprocess\nsubprocess.run(["touch", ${target}])`),
      outcomes: ['ok'],
      output: "['ModuleNotFoundError']",
    },
    {
      name: 'calls os.system',
      program: f(`import os\nreturn os.system("touch " + ${target})`),
      outcomes: ['ok', 'forbidden', 'crashed', 'error'],
      output: '32512',
    },
    {
      name: 'replaces itself by execve',
      program: f('import os\nos.execv("/bin/true", ["true"])'),
      outcomes: ['forbidden'],
    },
    {
      name: 'forks without end',
      program: f(`
import os
count = 0
for _ in range(200):
    try:
        if os.fork() == 0:
            while True: pass
        count += 1
    except OSError:
        pass
return count`),
      outcomes: ['ok'],
      output: '0',
    },
    {
      name: 'forks by a raw system call',
      program: f(`return libc().syscall(${RAW.fork})`, CTYPES),
      outcomes: ['ok'],
      output: '-1',
    },
    {
      name: 'starts threads',
      program: f(`
import _thread
started = 0
for _ in range(400):
    try:
        _thread.start_new_thread(sum, (range(10**6),))
        started += 1
    except RuntimeError:
        pass
return started`),
      outcomes: ['ok'],
      output: '0',
    },
    {
      name: 'becomes a daemon',
      program: f('import os\nos.setsid()\nif os.fork(): os._exit(0)\nwhile True: pass'),
      outcomes: ['forbidden'],
    },
    {
      name: 'kills its parent',
      program: f('import os\nos.kill(os.getppid(), 9)\nreturn 1'),
      outcomes: ['forbidden'],
    },
    {
      name: 'kills its parent by a raw system call',
      program: f(`import os\nreturn libc().syscall(${RAW.kill}, os.getppid(), 9)`, CTYPES),
      outcomes: ['ok'],
      output: '-1',
    },
    {
      name: 'traces its parent',
      program: f('import os\nreturn libc().ptrace(16, os.getppid(), 0, 0)', CTYPES),
      outcomes: ['forbidden'],
    },
    {
      name: 'reads the memory of its parent',
      program: f(
        'import os\nreturn libc().process_vm_readv(os.getppid(), None, 0, None, 0, 0)',
        CTYPES,
      ),
      outcomes: ['forbidden'],
    },
    {
      name: 'makes a namespace',
      program: f('return libc().unshare(0x10000000)', CTYPES),
      outcomes: ['forbidden'],
    },
    {
      name: 'maps executable memory',
      program: f('return libc().mmap(0, 4096, 7, 0x22, -1, 0)', CTYPES),
      outcomes: ['ok'],
      output: '-1',
    },
    {
      name: 'raises its limits',
      program: attempt(
        'import resource\nfor kind in range(16):\n    resource.setrlimit(kind, (-1, -1))',
      ),
      outcomes: ['ok'],
      output: "['PermissionError']",
    },
    {
      name: 'allocates 8 GB at once',
      program: f('return len(bytearray(8 << 30))'),
      outcomes: ['memory'],
    },
    {
      name: 'grows a list without end',
      program: f('values = [0]\nwhile True: values += values'),
      outcomes: ['memory'],
    },
    {
      name: 'returns 200 MB',
      program: f('return "x" * (200 << 20)'),
      outcomes: ['memory', 'too-large'],
    },
    {
      name: 'returns more than is passed on',
      program: f('return "x" * 100_000'),
      outcomes: ['too-large'],
    },
    {
      name: 'returns an enormous integer',
      program: f('return 1 << 40_000_000'),
      outcomes: ['too-large'],
    },
    {
      name: 'returns a small value that is huge when written',
      program: f('value = []\nfor _ in range(60): value = [value, value]\nreturn value'),
      outcomes: ['too-large'],
    },
    {
      name: 'returns a value that contains itself',
      program: f('value = []\nvalue.append(value)\nreturn value'),
      outcomes: ['unserialisable'],
    },
    {
      name: 'prints without end',
      program: f('while True: print("x" * 1000)'),
      outcomes: ['timeout'],
    },
    { name: 'loops', program: f('while True: pass'), outcomes: ['timeout'] },
    {
      name: 'loops and swallows everything',
      program: f('while True:\n    try:\n        while True: pass\n    except BaseException: pass'),
      outcomes: ['timeout'],
    },
    {
      name: 'loops with every signal ignored',
      program: f(
        'for number in range(1, 65): libc().signal(number, 1)\nwhile True: pass',
        CTYPES.replace('kind(None, use_errno=True)', 'kind(None)'),
      ),
      outcomes: ['timeout', 'error', 'crashed'],
    },
    { name: 'loops in C', program: f('return sum(range(10 ** 12))'), outcomes: ['timeout'] },
    {
      name: 'backtracks without end',
      program: f('import re\nreturn re.match("(a+)+$", "a" * 60 + "b")'),
      outcomes: ['timeout'],
    },
    { name: 'sleeps', program: f('import time\ntime.sleep(1000)'), outcomes: ['timeout'] },
    {
      name: 'leaves by os._exit(0)',
      program: f('import os\nos._exit(0)'),
      outcomes: ['crashed'],
    },
    { name: 'leaves by sys.exit', program: f('import sys\nsys.exit(0)'), outcomes: ['error'] },
    {
      name: 'crashes Python',
      program: f('return libc().strlen(1)', CTYPES),
      outcomes: ['crashed'],
    },
    {
      name: 'recurses deeply',
      program: f('return f(x)'),
      outcomes: ['error'],
    },
    {
      name: 'recurses without a limit',
      program: f(
        'import sys\nsys.setrecursionlimit(10 ** 9)\nclass A:\n    def __repr__(self): return repr(self)\nreturn repr(A())',
      ),
      outcomes: ['crashed', 'error', 'memory', 'timeout'],
    },
    {
      name: 'closes every descriptor',
      program: f('import os\nos.closerange(0, 100)\nreturn 1'),
      outcomes: ['crashed'],
    },
    {
      name: 'writes a result of its own beside the true one',
      program: f('import os\nos.write(3, bytes(16) + b"\\x02\\x00\\x00\\x00{}")\nreturn 1'),
      outcomes: ['forged'],
    },
    {
      name: 'writes a result of its own and leaves',
      program: f('import os\nos.write(3, bytes(16) + b"\\x02\\x00\\x00\\x00{}")\nos._exit(0)'),
      outcomes: ['forged'],
    },
    {
      name: 'writes its true result twice',
      program: f(`
import os, sys
frame = sys._getframe()
while "nonce" not in frame.f_locals: frame = frame.f_back
report = b'{"outcome":"ok","output":"42","stdout":"","wall":1,"cpu":1}'
os.write(3, frame.f_locals["nonce"] + len(report).to_bytes(4, "little") + report)
return 1`),
      outcomes: ['forged'],
    },
    {
      name: 'reports what is no value',
      program: f(`
import os, sys
frame = sys._getframe()
while "nonce" not in frame.f_locals: frame = frame.f_back
report = b'{"outcome":"ok","output":"eval(1)","stdout":"","wall":1,"cpu":1}'
os.write(3, frame.f_locals["nonce"] + len(report).to_bytes(4, "little") + report)
os._exit(0)`),
      outcomes: ['forged'],
    },
    {
      name: 'returns an object equal to everything',
      program: f(
        'class A:\n    def __eq__(self, other): return True\n    def __repr__(self): return "1"\n    __hash__ = None\nreturn A()',
      ),
      outcomes: ['unserialisable'],
    },
    {
      name: 'returns a disguised string',
      program: f('class S(str):\n    def __repr__(self): return "1"\nreturn [S("2")]'),
      outcomes: ['unserialisable'],
    },
    {
      name: 'returns a disguised integer',
      program: f('class I(int):\n    __class__ = int\nreturn I(2)'),
      outcomes: ['unserialisable'],
    },
    {
      name: 'writes out without end',
      program: f(
        'class E(Exception):\n    def __str__(self):\n        while True: pass\nraise E()',
      ),
      outcomes: ['timeout'],
    },
    {
      name: 'patches built-ins and modules',
      program: f(`
import builtins, json, math, sys
builtins.len = lambda _: 0
builtins.repr = lambda _: "None"
math.pi = 3
json.dumps = json.JSONEncoder.encode = lambda *_: "{}"
sys.modules["math"] = sys.modules["json"] = None
return 1`),
      outcomes: ['ok', ...ANY_FAILURE, 'forged', 'unserialisable', 'too-large'],
      output: '1',
    },
    {
      name: 'corrupts a small integer',
      program: f(
        `
for kind in object.__subclasses__():
    if kind.__name__ == "CDLL":
        address = kind.__init__.__globals__["c_void_p"]
libc().memset(address(id(3) + 24), 4, 1)
return int("3")`,
        CTYPES,
      ),
      outcomes: ['ok', ...ANY_FAILURE],
      output: '4',
    },
    {
      name: 'fills descriptors',
      program: attempt('import os\nwhile True: os.dup(3)'),
      outcomes: ['ok'],
      output: "['OSError']",
    },
    { name: 'reads standard input', program: f('return input()'), outcomes: ['error'] },
  ];
}
