/** Programs that want all the memory, all the output or all the time. */
import { attempt, CTYPES, entry, FAILURES, type HostileProgram } from './hostileProgram.ts';

export function memoryAttacks(): HostileProgram[] {
  return [
    {
      name: 'allocates 8 GB at once',
      program: entry('return len(bytearray(8 << 30))'),
      outcomes: ['memory'],
    },
    {
      name: 'grows a list without end',
      program: entry('values = [0]\nwhile True: values += values'),
      outcomes: ['memory'],
    },
    {
      name: 'touches what it allocates',
      program: entry('kept = []\nwhile True: kept.append(bytearray(b"x" * (1 << 20)))'),
      outcomes: ['memory'],
    },
    {
      name: 'allocates behind the back of Python',
      program: entry(
        `
c = libc()
c.malloc.restype = ctypes()["c_void_p"]
taken = 0
while True:
    page = c.malloc(1 << 20)
    if not page: return taken < (200 << 20)
    c.memset(ctypes()["c_void_p"](page), 1, 1 << 20)
    taken += 1 << 20`,
        CTYPES,
      ),
      // Nothing is left for the harness either, whose report may then break off.
      outcomes: ['ok', 'forged', ...FAILURES],
      result: /^True$/,
    },
    {
      name: 'swallows the end of memory and goes on',
      program: entry(`
kept = []
while True:
    try:
        kept.append("x" * (1 << 22))
    except MemoryError:
        pass`),
      outcomes: ['timeout', 'memory', 'crashed'],
    },
    {
      name: 'pads a text to the end of memory',
      program: entry('return len("%*d" % (1 << 36, x))'),
      outcomes: ['memory', 'error'],
    },
    {
      name: 'makes a set whose members collide',
      program: entry(`
class Colliding:
    def __hash__(self): return 1
    def __eq__(self, other): return False
return len({Colliding() for _ in range(100_000)})`),
      outcomes: ['timeout'],
    },
    {
      name: 'returns 200 MB',
      program: entry('return "x" * (200 << 20)'),
      outcomes: ['memory', 'too-large'],
    },
    {
      name: 'returns more than is passed on',
      program: entry('return "x" * 100_000'),
      outcomes: ['too-large'],
    },
    {
      name: 'returns an enormous integer',
      program: entry('return 1 << 40_000_000'),
      outcomes: ['too-large'],
    },
    {
      name: 'returns a small value that is huge when written',
      program: entry('value = []\nfor _ in range(60): value = [value, value]\nreturn value'),
      outcomes: ['too-large'],
    },
    {
      name: 'returns a value nested a million deep',
      program: entry('value = []\nfor _ in range(10 ** 6): value = [value]\nreturn value'),
      outcomes: ['unserialisable', 'crashed', 'too-large', 'timeout'],
    },
    {
      name: 'returns a value that contains itself',
      program: entry('value = []\nvalue.append(value)\nreturn value'),
      outcomes: ['unserialisable'],
    },
    {
      name: 'prints without end',
      program: entry('while True: print("x" * 1000)'),
      outcomes: ['timeout'],
    },
    {
      name: 'writes 1 GB to its standard output',
      program: entry('import os\nfor _ in range(1024): os.write(1, bytes(1 << 20))\nreturn 1'),
      outcomes: ['ok', ...FAILURES],
      result: /^1$/,
    },
    {
      name: 'floods the channel of its result',
      program: entry('import os\nwhile True: os.write(3, bytes(1 << 20))'),
      outcomes: ['too-large', 'forged', ...FAILURES],
    },
    {
      name: 'fills descriptors',
      program: attempt('import os\nwhile True: os.dup(3)'),
      outcomes: ['ok', ...FAILURES],
      result: /^\['\w+'\]$/,
    },
  ];
}

export function timeAttacks(): HostileProgram[] {
  const timeouts: Readonly<Record<string, string>> = {
    loops: 'while True: pass',
    'loops and swallows everything':
      'while True:\n    try:\n        while True: pass\n    except BaseException: pass',
    'loops in C': 'return sum(range(10 ** 12))',
    'raises to an enormous power': 'return len(str(pow(10, 10 ** 9)))',
    'reads an enormous number': 'return int("9" * 30_000_000) % 7',
    'backtracks without end': 'import re\nreturn re.match("(a+)+$", "a" * 60 + "b")',
    sleeps: 'import time\ntime.sleep(1000)',
    'searches for ever': 'return (0).__class__ in iter(int, 1)',
    'sorts with a key that never returns': `
def key(value):
    while True: pass
return sorted([1, 2], key=key)`,
    'writes out without end': `
class Endless(Exception):
    def __str__(self):
        while True: pass
raise Endless()`,
  };
  return [
    ...Object.entries(timeouts).map(([name, body]) => ({
      name,
      program: entry(body),
      outcomes: ['timeout', 'memory'] as const,
    })),
    {
      name: 'loops with every signal ignored',
      program: entry(
        'for number in range(1, 65): libc().signal(number, 1)\nwhile True: pass',
        CTYPES,
      ),
      outcomes: ['timeout', 'error', 'crashed'],
    },
    {
      name: 'loops at module level',
      program: 'while True: pass\ndef f(x): return x',
      outcomes: ['timeout'],
    },
    {
      name: 'loops when it is taken apart',
      program: entry(`
class Last:
    def __del__(self):
        while True: pass
Last()
return 1`),
      outcomes: ['timeout'],
    },
    {
      name: 'loops at exit',
      program: entry(`
import atexit
def loop():
    while True: pass
atexit.register(loop)
return 1`),
      outcomes: ['ok', 'timeout', 'forbidden', 'error'],
      result: /^1$/,
    },
    {
      name: 'loops in a hook of the tracer',
      program: entry(`
import sys
def hook(*_):
    while True: pass
sys.settrace(hook)
sys.setprofile(hook)
return 1`),
      outcomes: ['ok', 'timeout', 'error'],
      result: /^1$/,
    },
    {
      name: 'waits for a lock that nobody gives back',
      program: entry(
        'import _thread\nlock = _thread.allocate_lock()\nlock.acquire()\nlock.acquire()',
      ),
      outcomes: ['timeout', 'error', 'forbidden'],
    },
    {
      name: 'takes a minute to compile',
      program: entry(
        `exec("x = " + "(" * 90 + "lambda: 0" + ")" * 90 + "\\n" + "x = [x]\\n" * 10 ** 6)`,
      ),
      outcomes: FAILURES,
    },
    {
      name: 'hides its loop in a literal of its input',
      program: 'def f(x, y=[0] * 10 ** 6):\n    while y: y = y + y[:1]',
      outcomes: ['timeout', 'memory'],
    },
  ];
}
