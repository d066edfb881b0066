import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { availableEngines, type TestedSandbox } from './engines.ts';
import { PROGRAMS } from './programsWithConstructs.ts';

const { available, missing } = await availableEngines();
for (const { name, reason } of missing) test.skip(`${name}: not tried, because ${reason}`);

describe.each(available)('$name', (engine) => {
  let sandbox: TestedSandbox;
  beforeAll(async () => {
    sandbox = await engine.open({});
  });
  afterAll(async () => {
    await sandbox.close();
  });

  const ORIGINAL = `
def f(numbers, limit=3):
    total = 0
    for number in numbers:
        if number > limit:
            total += number
    return sorted([total], key=lambda value: -value)
`;

  const RENAMED = `
# The same program, by other names.
def g(xs: list, top: int = 3) -> list:
    """Adds up."""
    acc = 0

    for x in xs:
        if x > top: acc += x
    return sorted([acc], key=lambda k: -k)
`;

  test('a program is described without being run', async () => {
    const program = `
import math
from collections.abc import Iterable
raise SystemExit
def helper(a): return a
def f(x, /, y=1, *rest, z, **more):
    import re as r
    return x
`;
    expect(await sandbox.inspect(program)).toMatchObject({
      functions: ['helper', 'f'],
      entry: 'f',
      parameters: ['x', 'y', '*rest', 'z', '**more'],
      imports: [
        { module: 'math', line: 2 },
        { module: 'collections', line: 3 },
        { module: 're', line: 7 },
      ],
    });
  });

  test('nodes of the syntax tree are counted without contexts', async () => {
    // Module, FunctionDef, arguments, arg, Return, BinOp, Name, Add, Constant.
    const { syntaxNodes } = await sandbox.inspect('def f(x):\n    return x + 1');
    expect(syntaxNodes).toBe(9);
  });

  test('what programs are built from is found as it was by hand', async () => {
    const found = await Promise.all(
      PROGRAMS.map(async ([program]) => {
        const { constructs } = await sandbox.inspect(program);
        return [program, constructs.join(' ')] as const;
      }),
    );
    expect(found).toEqual(PROGRAMS);
  });

  test('nothing is found in what is no program, and much in a deep one', async () => {
    expect((await sandbox.inspect('def f(x) return x')).constructs).toEqual([]);
    const deep = `def f(x):\n    return ${'x + '.repeat(60)}x`;
    expect((await sandbox.inspect(deep)).constructs).toEqual([
      'operator:add',
      'statement:return-only',
    ]);
  });

  test.each([
    ['def f(x):\n    return (x', 2],
    ['def f(x)\n    return x', 1],
    ['return 1', 1],
    ['x = 1\nx ==== 2', 2],
  ])('the syntax error of %j is found on line %i', async (program, line) => {
    const { syntax, functions } = await sandbox.inspect(program);
    expect(syntax).toMatchObject({ line });
    expect(syntax?.message).not.toBe('');
    expect(functions).toEqual([]);
  });

  test.each([
    ['nested brackets', 'x = ' + '('.repeat(5_000)],
    ['a long sum', `def f(x): return ${'x + '.repeat(50_000)}x`],
    ['a null byte', 'def f(x): return "\0"'],
    ['half a surrogate pair', 'def f(x): return "\ud800"'],
  ])('%s is reported as a syntax error, not as a crash', async (_, program) => {
    const { syntax } = await sandbox.inspect(program);
    expect(syntax?.message).toBeTypeOf('string');
    expect((await sandbox.run('def f(x): return x', '1')).output).toBe('1');
  });

  test('a renamed, reformatted copy has the same structure', async () => {
    const [original, renamed] = await Promise.all([
      sandbox.inspect(ORIGINAL),
      sandbox.inspect(RENAMED),
    ]);
    expect(renamed.structure).toBe(original.structure);
    expect(renamed.template).toBe(original.template);
  });

  test('a lambda with a name has the structure of the function that says the same', async () => {
    const [defined, named, other] = await Promise.all([
      sandbox.inspect('def f(x, y=1):\n    return x * 2 + y'),
      sandbox.inspect('g = lambda a, b=1: a * 2 + b'),
      sandbox.inspect('g = lambda a, b=1: a * 3 + b'),
    ]);
    expect(named.structure).toBe(defined.structure);
    expect(named.template).toBe(defined.template);
    expect(other.structure).not.toBe(defined.structure);
    expect(named).toMatchObject({ functions: [], entry: 'g', parameters: ['a', 'b'] });
  });

  test('what only running it tells is not said', async () => {
    const inspection = await sandbox.inspect('import math\nf = math.gcd');
    expect(inspection).toMatchObject({ entry: 'f' });
    expect(inspection.parameters).toBeUndefined();
    expect((await sandbox.inspect('x = 1')).entry).toBeUndefined();
  });

  test.each([
    ['import time\ndef f(x): return x', ['time']],
    ['from statistics import NormalDist\ndef f(x): return NormalDist().samples(x)', ['samples']],
    ['def f(x): return id(x) + hash(x)', ['hash', 'id']],
    ['def f(x): return x.__hash__()', ['__hash__']],
    ['def f(x): return "{0.__init__.__globals__}".format(f)', ['__globals__']],
    ['def f(x): return str(lambda: 0)', ['the address of an object']],
    ['class A: pass\ndef f(x): return [*{A(), A()}]', ['the address of an object']],
    ['def f(x):\n    it = iter(x)\n    return f"{it}"', ['the address of an object']],
    ['def f(x): return str(f)', ['the address of an object']],
    ['import math, json\ndef f(x): return json.dumps(sorted(x, key=lambda y: -y))', []],
    ['def f(x): return "".join(str(y) for y in x) + f"{len(x)}"', []],
    ['def f(x): return "".join(map(str, set(x)))', []],
    ['class A:\n    def __init__(self, n): self.n = n\ndef f(x): return A(x).n', []],
    [
      'def f(x):\n    h = (h.gi_frame.f_back for _ in x)\n    return next(h)',
      ['gi_frame', 'f_back'],
    ],
    ['def f(x): return "{0.gi_frame.f_back}".format(x)', ['f_back', 'gi_frame']],
    ['def f(x): return ("{0.gi_" + "frame}").format(x)', ['a template that is put together']],
    ['def f(x): return "{0.__class__.__mro__[1]}".format(x)', ['__mro__']],
    ['def f(x):\n    match f:\n        case object(__globals__=g): return len(g)', ['__globals__']],
    ['import collections\ndef f(x): return collections._sys.maxsize', ['_sys']],
    ['import typing\ndef f(x: "1"): return typing.get_type_hints(f)', ['get_type_hints']],
    ['def f(time, f_name):\n    return "{} of {f_name}".format(time, f_name=f_name)', []],
  ])('the sources of chance that %j names', async (program, names) => {
    const { chance } = await sandbox.inspect(program);
    expect(names.filter((name) => !chance.includes(name))).toEqual([]);
    expect(chance.length > 0).toBe(names.length > 0);
  });

  test.each([
    ['a constant', '> limit', '> 4 + limit'],
    ['another constant', 'total = 0', 'total = 1'],
    ['an operator', 'number > limit', 'number >= limit'],
    ['a built-in', 'sorted(', 'list('],
    ['which variable is used', 'return sorted([total]', 'return sorted([limit]'],
  ])('%s changes the structure', async (_, before, after) => {
    const [original, changed] = await Promise.all([
      sandbox.inspect(ORIGINAL),
      sandbox.inspect(ORIGINAL.replace(before, after)),
    ]);
    expect(changed.structure).not.toBe(original.structure);
  });

  const SUBTRACT = 'def g(a, b):\n    return a - b\n';
  const KEYWORD_ONLY = 'def g(*, a, b):\n    return a - b\n';
  const POINT = 'class P:\n    def __init__(self, a, b):\n        self.a, self.b = a, b\n';
  const TWO_METHODS = (one: string, other: string) =>
    `class P:\n    def ${one}(self): return 1\n    def ${other}(self): return 2\n` +
    `def ${one}(): return 0\ndef ${other}(): return 0\n`;
  const DATA = (fields: string) =>
    `from dataclasses import dataclass\nfrom typing import ClassVar\n@dataclass\nclass P:\n    ${fields}\n`;

  /** Programs that give different outputs, though they have the same nodes and renamed variables. */
  test.each([
    [
      'the keyword of a call of an own function',
      `${SUBTRACT}def f(x): return g(a=x, b=1)`,
      `${SUBTRACT}def f(x): return g(b=x, a=1)`,
      '5',
    ],
    [
      'the keyword of a keyword-only parameter',
      `${KEYWORD_ONLY}def f(x): return g(a=x, b=1)`,
      `${KEYWORD_ONLY}def f(x): return g(b=x, a=1)`,
      '5',
    ],
    [
      'which parameter a keyword names',
      'def g(a, b): return a - b\ndef f(x): return g(a=x, b=1)',
      'def g(b, a): return b - a\ndef f(x): return g(a=x, b=1)',
      '5',
    ],
    [
      'keywords that are put together',
      "def g(a, b): return a - b\ndef f(x): return g(**{'a': x, 'b': 1})",
      "def g(b, a): return b - a\ndef f(x): return g(**{'a': x, 'b': 1})",
      '5',
    ],
    [
      'a variable that is found by its name',
      "def f(x):\n    a = x\n    b = 1\n    return locals()['a']",
      "def f(x):\n    b = x\n    a = 1\n    return locals()['a']",
      '5',
    ],
    [
      'the keyword of a call of a class',
      `${POINT}def f(x): return P(a=x, b=1).a`,
      `${POINT}def f(x): return P(b=x, a=1).a`,
      '5',
    ],
    [
      'the keyword of a partial call',
      `import functools\n${SUBTRACT}def f(x): return functools.partial(g, a=x)(b=1)`,
      `import functools\n${SUBTRACT}def f(x): return functools.partial(g, b=x)(a=1)`,
      '5',
    ],
    [
      'an attribute',
      `${POINT}def f(x): return P(x, 1).a`,
      `${POINT}def f(x): return P(x, 1).b`,
      '5',
    ],
    [
      'the name of a method that a function has too',
      `${TWO_METHODS('a', 'b')}def f(x): return P().a()`,
      `${TWO_METHODS('b', 'a')}def f(x): return P().a()`,
      '5',
    ],
    [
      'what the body of a class reads from around it',
      'a = 1\nb = 2\nclass P:\n    a = a\ndef f(x): return P.a',
      'b = 1\na = 2\nclass P:\n    a = a\ndef f(x): return P.a',
      '5',
    ],
    [
      'what the annotation of a field says',
      `${DATA('a: int = 0')}def f(x): return P() == P.__new__(P) and str(P(*x))`,
      `${DATA('a: ClassVar[int] = 0')}def f(x): return P() == P.__new__(P) and str(P(*x))`,
      '[]',
    ],
  ])('%s changes the structure', async (_, first, second, input) => {
    const programs = [first, second];
    const executions = await Promise.all(programs.map((program) => sandbox.run(program, input)));
    expect(executions.map(({ outcome }) => outcome)).toEqual(['ok', 'ok']);
    expect(executions[0]!.output).not.toBe(executions[1]!.output);
    const [one, other] = await Promise.all(programs.map((program) => sandbox.inspect(program)));
    expect(other!.structure).not.toBe(one!.structure);
  });

  test.each([
    [
      'parameters that are named by keywords',
      'def g(a, b): return a - b\ndef f(x): return g(b=1, a=x)',
      'def h(left, right): return left - right\ndef f(y): return h(right=1, left=y)',
    ],
    [
      'a class and the variables of its methods',
      'class A:\n    def m(self, n): return n + 1\ndef f(x): return A().m(x)',
      'class B:\n    def m(this, k): return k + 1\ndef g(y): return B().m(y)',
    ],
  ])('%s can be renamed without a change of the structure', async (_, first, second) => {
    const [one, other] = await Promise.all([sandbox.inspect(first), sandbox.inspect(second)]);
    expect(other.structure).toBe(one.structure);
    expect(other.template).toBe(one.template);
  });

  test('fillings of one template share it, other programs do not', async () => {
    const template = async (body: string): Promise<string> =>
      (await sandbox.inspect(`def f(x, y):\n    return ${body}`)).template;
    const first = await template('x * 3 + len("a")');
    expect(await template('y * -42 + len("other")')).toBe(first);
    expect(await template('x * [1, 2] + len((3,))')).toBe(first);
    expect(await template('x - 3 + len("a")')).not.toBe(first);
    expect(await template('x * 3 + sum("a")')).not.toBe(first);
  });
});
