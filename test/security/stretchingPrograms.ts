/** Programs that try to stretch the time or the memory that one execution may take. */
import { entry, knowingToken } from './reportForgery.ts';

const LOOP = 'while True: pass';

/** By what each does. How its execution ends is not the point: what it costs is. */
export const STRETCHING: Readonly<Record<string, string>> = {
  'floods the channel of its result with frames': entry(
    'import os\nwhile True: os.write(3, bytes(20))',
  ),
  'floods it with frames that have the right token': knowingToken(
    'while True:\n    os.write(3, forged())\n    burn(10_000)',
  ),
  'reports with the right token and hangs': knowingToken(`os.write(3, forged())\n${LOOP}`),
  'floods it with single bytes': entry('import os\nwhile True: os.write(3, b"x")'),
  'floods it with single bytes of a report': knowingToken(
    'os.write(3, token + (10 ** 5).to_bytes(4, "little"))\nwhile True: os.write(3, b" ")',
  ),
  'prints without end': entry('while True: print("x" * 10_000)'),
  'floods its standard output': entry('import os\nwhile True: os.write(1, bytes(1 << 20))'),
  'closes the channel of its result and sleeps': entry(
    'import os, time\nos.close(3)\ntime.sleep(60)',
  ),
  'closes every descriptor and loops': entry(`
import os
for descriptor in range(64):
    try: os.close(descriptor)
    except OSError: pass
${LOOP}`),
  'starts threads that loop': entry(`
import _thread
def loop():
    while True: pass
for _ in range(100):
    try: _thread.start_new_thread(loop, ())
    except BaseException: pass
${LOOP}`),
  'ignores every signal and sets alarms': entry(`
try:
    import _signal
    for number in range(1, 65):
        try: _signal.signal(number, lambda *_: None)
        except BaseException: pass
    _signal.setitimer(_signal.ITIMER_REAL, 0.001, 0.001)
except BaseException: pass
${LOOP}`),
  'loops in a finaliser': entry(
    'A()\nreturn 1',
    `class A:\n    def __del__(self):\n        ${LOOP}`,
  ),
  'makes finalisers that make finalisers': entry(
    'A()\nreturn 1',
    'class A:\n    def __del__(self):\n        A.kept = A()\n        del A.kept\n        A()',
  ),
  'loops at exit': entry(
    `import atexit\natexit.register(loop)\nreturn 1`,
    `def loop():\n    ${LOOP}`,
  ),
  'loops when its generator is closed': entry(
    'generator = endless()\nnext(generator)\nreturn 1',
    `def endless():\n    try: yield 1\n    finally:\n        ${LOOP}`,
  ),
  'loops in a callback of the collector': entry(
    'import gc\ngc.callbacks.append(loop)\nreturn len([[] for _ in range(10 ** 5)])',
    `def loop(*_):\n    ${LOOP}`,
  ),
  'loops in a hook of the tracer': entry(
    'import sys\nsys.settrace(loop)\nsys.setprofile(loop)\nreturn 1',
    `def loop(*_):\n    ${LOOP}`,
  ),
  'raises to an enormous power': entry('return 3 ** (3 ** 20) % 7'),
  'writes an enormous integer': entry('return str(1 << 10_000_000)[:5]'),
  'backtracks without end': entry('import re\nreturn re.match("(a+)+$", "a" * 64 + "b")'),
  'recurses without end': entry('import sys\nsys.setrecursionlimit(10 ** 9)\nreturn f(x)'),
  'recurses through C without end': entry(
    'import sys\nsys.setrecursionlimit(10 ** 9)\nreturn repr(A())',
    'class A:\n    def __repr__(self): return repr(self)',
  ),
  'has a text that never ends': entry(
    'raise A()',
    `class A(Exception):\n    def __str__(self):\n        ${LOOP}`,
  ),
  'swallows every exception': entry(`
while True:
    try:
        while True: raise KeyboardInterrupt
    except BaseException: pass`),
  'sleeps again and again': entry('import time\nwhile True: time.sleep(0.001)'),
  'asks for the time again and again': entry('import time\nwhile True: time.time()'),
  'asks for chance again and again': entry('import os\nwhile True: os.urandom(1 << 16)'),
  'takes all memory and keeps it': entry(`
kept = []
while True:
    try: kept.append(b"x" * (1 << 20))
    except MemoryError: pass`),
  'doubles a bytearray': entry('kept = bytearray(b"x")\nwhile True: kept += kept'),
  'multiplies a list': entry('return len([x] * (1 << 40) + [x] * (1 << 28))'),
  'takes and frees all memory again and again': entry(
    'while True:\n    try: bytes(100 << 20)\n    except MemoryError: pass',
  ),
  'returns a value nested very deep': entry(
    'value = []\nfor _ in range(10 ** 6): value = [value]\nreturn value',
  ),
  'returns what is huge when written': entry(
    'value = [x] * 1_000\nfor _ in range(40): value = [value, value]\nreturn value',
  ),
  'calculates with a million digits': entry(
    'import decimal\ndecimal.getcontext().prec = 10 ** 6\nreturn str(decimal.Decimal(2).sqrt())[:5]',
  ),
  'sorts with a key that never returns': entry(
    `return sorted([1, 2], key=key)`,
    `def key(value):\n    ${LOOP}`,
  ),
  'loops before it has a function': `${LOOP}\ndef f(x): return x`,
};
