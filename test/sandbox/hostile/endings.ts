/** Programs that end their process, or try to, in ways that are no return. */
import { CTYPES, entry, FAILURES, type HostileProgram } from './hostileProgram.ts';

export function endings(): HostileProgram[] {
  return [
    {
      name: 'leaves by os._exit(0)',
      program: entry('import os\nos._exit(0)'),
      outcomes: ['crashed'],
    },
    { name: 'leaves by sys.exit', program: entry('import sys\nsys.exit(0)'), outcomes: ['error'] },
    {
      name: 'leaves by an interrupt',
      program: entry('raise KeyboardInterrupt'),
      outcomes: ['error'],
    },
    {
      name: 'crashes Python',
      program: entry('return libc().strlen(1)', CTYPES),
      outcomes: ['crashed', 'error'],
    },
    {
      name: 'aborts',
      program: entry('import os\nos.abort()'),
      outcomes: ['crashed', 'forbidden', 'error'],
    },
    { name: 'recurses deeply', program: entry('return f(x)'), outcomes: ['error'] },
    {
      name: 'recurses without a limit',
      program: entry(`
import sys
sys.setrecursionlimit(10 ** 9)
class A:
    def __repr__(self): return repr(self)
return repr(A())`),
      outcomes: FAILURES,
    },
    {
      name: 'exhausts the stack of C',
      program: entry(`
import sys
sys.setrecursionlimit(10 ** 9)
value = ()
for _ in range(10 ** 5): value = (value,)
return hash(value)`),
      outcomes: ['ok', ...FAILURES],
      result: /^-?\d+$/,
    },
    {
      name: 'closes every descriptor',
      program: entry('import os\nos.closerange(0, 100)\nreturn 1'),
      outcomes: ['crashed', 'ok'],
      result: /^1$/,
    },
    {
      name: 'closes the streams of Python',
      program: entry(
        'import sys\nsys.stdout = sys.stderr = sys.__stdout__ = None\nprint(1)\nreturn 1',
      ),
      outcomes: ['ok', ...FAILURES],
      result: /^1$/,
    },
    { name: 'reads standard input', program: entry('return input()'), outcomes: ['error'] },
    {
      name: 'raises what cannot be told',
      program: entry(`
class Meta(type):
    @property
    def __name__(cls): raise ValueError
    def __getattribute__(cls, name): raise ValueError
    def __subclasscheck__(cls, other): raise ValueError
class Untold(Exception, metaclass=Meta):
    def __str__(self): return 1
    def __getattribute__(self, name): raise ValueError
raise Untold()`),
      outcomes: FAILURES,
    },
    {
      name: 'raises with a text of 100 MB',
      program: entry('raise ValueError("x" * (100 << 20))'),
      outcomes: ['error', 'memory'],
    },
    {
      name: 'raises with half a surrogate pair',
      program: entry('raise ValueError("\\ud800" * 10)'),
      outcomes: ['error'],
    },
  ];
}
