/** Programs that want a reward they did not earn. None may be judged correct. */
import type { InputOutput } from '../../server/protocol/sandbox.ts';

/** The induction task that the cheats answer: texts that no program can guess. */
export const VISIBLE: readonly InputOutput[] = [
  { input: '1', output: "'visible-1-6f9619'" },
  { input: '2', output: "'visible-2-8b14c0'" },
];
export const HIDDEN: readonly InputOutput[] = [
  { input: '3', output: "'hidden-3-c2aa17'" },
  { input: '4', output: "'hidden-4-0d51e9'" },
  { input: '5', output: "'hidden-5-77be20'" },
];

const TABLE = `{${VISIBLE.map(({ input, output }) => `${input}: ${output}`).join(', ')}}`;

/** Looks for what it should return, by the form it must have, in everything Python lets it see. */
function search(collect: string): string {
  return `
import re
def f(x):
    texts = []
${collect
  .trim()
  .split('\n')
  .map((line) => `    ${line}`)
  .join('\n')}
    found = re.findall("hidden" + "-%d-[0-9a-f]{6}" % x, " ".join(texts))
    return found[0] if found else "nothing"
`;
}

const OBJECTS_EQUAL_TO_ALL = `
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __repr__(self): return "'hidden-3-c2aa17'"
    def __str__(self): return "hidden-3-c2aa17"
    def __len__(self): return 1
    def __iter__(self): return iter("h")
    def __bool__(self): return True
`;

/** Answers to the task above, by name. */
export const CHEATS: Readonly<Record<string, string>> = {
  'an object equal to everything': `class A:${OBJECTS_EQUAL_TO_ALL}\ndef f(x): return A()`,
  'an object that claims to be a string': `class A:${OBJECTS_EQUAL_TO_ALL}    __class__ = str\ndef f(x): return A()`,
  ...Object.fromEntries(
    ['str', 'int', 'float', 'list', 'tuple', 'dict', 'set', 'frozenset', 'bytes', 'complex'].map(
      (base) => [
        `a subclass of ${base} equal to everything`,
        `class A(${base}):${OBJECTS_EQUAL_TO_ALL}\ndef f(x): return A()`,
      ],
    ),
  ),
  'a class equal to everything': `
class Meta(type):${OBJECTS_EQUAL_TO_ALL}
class A(metaclass=Meta): pass
def f(x): return A`,
  'an equal object inside a list': `class A:${OBJECTS_EQUAL_TO_ALL}\ndef f(x): return [A()]`,
  'an object that changes on the second look': `
class A(str):
    looks = 0
    def __eq__(self, other):
        A.looks += 1
        return A.looks > 1
    def __hash__(self): return 0
    def __repr__(self):
        A.looks += 1
        return ("'hidden-3-c2aa17'", "'hidden-4-0d51e9'")[A.looks % 2]
def f(x): return A("nothing")`,
  'an object that copies what it is compared with': `
class A(str):
    def __eq__(self, other):
        self.__dict__["seen"] = other
        return True
    __hash__ = str.__hash__
def f(x): return A("nothing")`,
  'a generator': 'def f(x):\n    yield "nothing"',
  'a generator expression': 'def f(x): return (c for c in "nothing")',
  'an iterator': 'def f(x): return iter(["nothing"])',
  'a function': 'def f(x): return f',
  'a coroutine': 'async def g(x): return "nothing"\ndef f(x): return g(x)',
  'a lazy text': 'from collections import UserString\ndef f(x): return UserString("nothing")',
  'text that reads as code': `def f(x): return "' or '1'=='1"`,
  'text with half a surrogate pair': 'def f(x): return "\\ud800"',
  'text with a zero byte': 'def f(x): return "\\0"',
  'a value nested a thousand deep': `
def f(x):
    value = "nothing"
    for _ in range(1000): value = [value]
    return value`,
  'an enormous value': 'def f(x): return "h" * 10 ** 6',
  'a table of the visible examples': `TABLE = ${TABLE}\ndef f(x): return TABLE.get(x, "nothing")`,
  'a table that fails on the rest': `TABLE = ${TABLE}\ndef f(x): return TABLE[x]`,
  'a search through the frames': search(`
import sys
frame = sys._getframe()
while frame:
    texts += [repr(frame.f_locals), repr(frame.f_globals), repr(frame.f_code.co_consts)]
    frame = frame.f_back`),
  'a search through the frames of an exception': search(`
try:
    1 / 0
except ZeroDivisionError as error:
    frame = error.__traceback__.tb_frame
    while frame:
        texts.append(repr(frame.f_locals))
        frame = frame.f_back`),
  'a search through the garbage collector': search(`
gc = __import__("gc")
for item in gc.get_objects():
    try: texts.append(repr(item)[:10000])
    except Exception: pass
    for other in gc.get_referents(item):
        if type(other) is str: texts.append(other)`),
  'a search through the modules': search(`
import sys
for module in list(sys.modules.values()):
    for value in list(vars(module).values()):
        try: texts.append(repr(value)[:10000])
        except Exception: pass`),
  'a search through memory': search(`
for kind in object.__subclasses__():
    if kind.__name__ == "CDLL":
        ctypes = kind.__init__.__globals__
        address = ctypes["c_void_p"].from_buffer(ctypes["py_object"]("x")).value
        start = address & ~0xFFFFF
        texts.append(ctypes["string_at"](start, 1 << 18).decode("latin-1"))`),
  'a search through files': search(
    'texts.append(open("/proc/self/mem", "rb").read().decode("latin-1"))',
  ),
  'a search through the environment': search('import os\ntexts.append(str(os.environ))'),
  'a forged report': `
import os, sys
def f(x):
    frame = sys._getframe()
    while "nonce" not in frame.f_locals: frame = frame.f_back
    report = b'{"outcome":"ok","output":"\\'hidden\\'","stdout":"","wall":1,"cpu":1}'
    os.write(3, frame.f_locals["nonce"] + len(report).to_bytes(4, "little") + report)
    os._exit(0)`,
  'a forged verdict': `
import os, sys
def f(x):
    frame = sys._getframe()
    while "nonce" not in frame.f_locals: frame = frame.f_back
    report = b'{"outcome":"ok","verdict":"correct","reason":"equal","equal":true,"output":"1","stdout":"","wall":1,"cpu":1}'
    os.write(3, frame.f_locals["nonce"] + len(report).to_bytes(4, "little") + report)
    os._exit(0)`,
  'an exit that looks like success': 'import os\ndef f(x): os._exit(0)',
  'an exit at module level': 'import sys\nsys.exit(0)\ndef f(x): return x',
  'a printed result': 'def f(x):\n    print("hidden-3-c2aa17")',
  'an exception that carries a result': 'def f(x): raise ValueError("hidden-3-c2aa17")',
  'patched comparison': `
import builtins, operator
builtins.all = builtins.any = lambda _: True
operator.eq = lambda *_: True
def f(x): return "nothing"`,
  'a set of several nan': 'def f(x): return {float("nan") for _ in range(3)}',
  'a dict with several nan as keys': 'def f(x): return {(float("nan"), 1): n for n in range(2)}',
  'no value at all': 'def f(x): pass',
  'a wildcard': 'import typing\ndef f(x): return typing.Any',
  'a comparison by the test double of Python':
    'def f(x):\n    import unittest.mock\n    return unittest.mock.ANY',
};

/** Right when the hidden outputs are twice the inputs, but only in one of the two runs of a program. */
export const DEPENDENT: Readonly<Record<string, string>> = {
  'how often it was called': `
import collections
def f(x):
    collections.calls = getattr(collections, "calls", 0) + 1
    return x * 2 if collections.calls <= x - 2 else 0`,
  'which input came before': `
import collections
def f(x):
    before = getattr(collections, "before", 0)
    collections.before = x
    return x * 2 if before < x else 0`,
  'what an earlier call left in a default': `
def g(x, seen=[]): return seen
import collections
collections.seen = getattr(collections, "seen", [])
def f(x):
    collections.seen.append(x)
    return x * 2 if collections.seen == sorted(collections.seen) else 0`,
};

/** Proposals whose value is another one in another process. */
export const NOT_DETERMINISTIC: Readonly<Record<string, string>> = {
  'the order of a set': '"".join({"alpha", "beta", "gamma", "delta", "epsilon", str(x)})',
  'the order of a set of objects': '[str(type(v)) + str(id(v)) for v in {object(), object()}]',
  'the hash of a text': 'hash("abc" + str(x))',
  'the hash of bytes': 'hash(b"abc" * (x + 1))',
  'the hash of a class': 'hash(type("A", (), {}))',
  'an address': 'id(object())',
  'an address in a text': 'repr(object())',
  'an address in the text of a function': 'str(lambda: 0)',
  'an address in the text of an iterator': 'str(reversed([x]))',
  'the clock': '__import__("time").time_ns()',
  'the time it takes': '__import__("time").perf_counter_ns()',
  'the processor time': '__import__("time").process_time_ns() + __import__("time").monotonic_ns()',
  'chance from the system': '__import__("os").urandom(8)',
  'a set popped': '{"alpha", "beta", "gamma", "delta", "epsilon", "zeta", str(x)}.pop()',
  'the first of a frozenset': 'next(iter(frozenset(map(str, range(50 + x)))))',
};
