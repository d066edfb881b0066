/** Programs that leave something behind for the next one. */
import { CTYPES, entry, FAILURES, type HostileProgram } from './hostileProgram.ts';

/** A program that breaks its own interpreter may end in any way; only the next one counts. */
const ANY = ['ok', 'forged', 'unserialisable', 'too-large', 'syntax', ...FAILURES] as const;

export function statePoison(): HostileProgram[] {
  const poisons: Readonly<Record<string, string>> = {
    'patches built-ins and modules': `
import builtins, json, math, sys
builtins.len = lambda _: 0
builtins.repr = lambda _: "None"
math.pi = 3
json.dumps = json.JSONEncoder.encode = lambda *_: "{}"
sys.modules["math"] = sys.modules["json"] = None
return 1`,
    'empties the built-ins': 'import builtins\nbuiltins.__dict__.clear()\nreturn 1',
    'empties the modules': 'import sys\nsys.modules.clear()\nreturn 1',
    'replaces the import': `
import builtins
builtins.__import__ = lambda *_, **__: None
return 1`,
    'changes the limits of Python': `
import sys
sys.setrecursionlimit(60)
sys.set_int_max_str_digits(640)
return 1`,
    'hooks everything that can be hooked': `
import sys
def broken(*_): raise MemoryError
sys.excepthook = sys.unraisablehook = sys.displayhook = broken
sys.addaudithook(broken)
return 1`,
    'changes the context of decimals': `
import decimal
decimal.getcontext().prec = 1
decimal.DefaultContext.prec = 1
return 1`,
    'spoils caches': `
import re, functools
re._cache = None
re.compile = None
functools.lru_cache = None
return 1`,
  };
  return [
    ...Object.entries(poisons).map(([name, body]) => ({
      name,
      program: entry(body),
      outcomes: ANY,
      result: /^1$/,
    })),
    {
      name: 'corrupts a small integer',
      program: entry(
        `
address = ctypes()["c_void_p"]
libc().memset(address(address_of(3) + 24), 4, 1)
return int("3")`,
        CTYPES,
      ),
      outcomes: ANY,
      result: /^4$/,
    },
    {
      name: 'corrupts a type',
      program: entry(
        `
address = ctypes()["c_void_p"]
libc().memset(address(address_of(list) + 24), 0, 64)
return [1]`,
        CTYPES,
      ),
      outcomes: ANY,
      result: /./,
    },
    {
      name: 'frees what is in use',
      program: entry(
        `
api = ctypes()["pythonapi"]
for _ in range(1000): api.Py_DecRef(ctypes()["py_object"](dict))
return 1`,
        CTYPES,
      ),
      outcomes: ANY,
      result: /^1$/,
    },
  ];
}
