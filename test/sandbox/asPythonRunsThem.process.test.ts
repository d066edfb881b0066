/** What programs see of Python itself: outputs are those of CPython 3.11 on Debian, read off there. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { availableEngines, type TestedSandbox } from './engines.ts';

const { available, missing } = await availableEngines();
for (const { name, reason } of missing) test.skip(`${name}: not tried, because ${reason}`);

const DATACLASS = 'from dataclasses import dataclass, field, InitVar, KW_ONLY\n@dataclass\n';

describe.each(available)('$name', (engine) => {
  let sandbox: TestedSandbox;
  beforeAll(async () => {
    sandbox = await engine.open({});
  });
  afterAll(async () => {
    await sandbox.close();
  });

  test.each([
    [
      'a dataclass with an annotation that is a text',
      `${DATACLASS}class N:\n    v: int\n    nxt: 'N' = None\ndef f(x): return N(x, N(1)).nxt.v + N(x).v`,
      '4',
    ],
    [
      'a dataclass with a text that says InitVar',
      `${DATACLASS}class N:\n    v: 'InitVar[int]'\n    def __post_init__(self, v): self.w = v * 2\ndef f(x): return N(x).w`,
      '6',
    ],
    [
      'a dataclass whose annotations are all texts',
      `from __future__ import annotations\n${DATACLASS}class N:\n    v: int\n    nxt: N | None = None\ndef f(x): return N(x).v`,
      '3',
    ],
    [
      'a named tuple with an annotation that is a text',
      "from typing import NamedTuple\nclass N(NamedTuple):\n    v: int\n    w: 'N' = None\ndef f(x): return tuple(N(x))",
      '(3, None)',
    ],
    [
      'annotations that are looked up',
      "import typing\nclass M: pass\nclass N:\n    v: 'M'\ndef f(x): return typing.get_type_hints(N)['v'] is M",
      'True',
    ],
    [
      'a class that knows its module',
      'import sys\nclass N: pass\ndef f(x): return sys.modules[N.__module__].N is N',
      'True',
    ],
    [
      'an enumeration',
      'from enum import Enum\nColour = Enum("Colour", "RED BLUE")\ndef f(x): return Colour(2).name',
      "'BLUE'",
    ],
    [
      'annotations that are never evaluated',
      'from __future__ import annotations\ndef f(x: nothing) -> nowhere: return x',
      '3',
    ],
    [
      'unicode_escape',
      "def f(x): return 'é\\n\\u2028'.encode('unicode_escape')",
      "b'\\\\xe9\\\\n\\\\u2028'",
    ],
    ['unicode_escape, read', "def f(x): return rb'\\x41\\u20ac'.decode('unicode-escape')", "'A€'"],
    ['raw_unicode_escape', "def f(x): return '€'.encode('raw_unicode_escape')", "b'\\\\u20ac'"],
    ['UTF-7', "def f(x): return '€'.encode('utf-7').decode('UTF7')", "'€'"],
    ['UTF-16 without a mark', "def f(x): return 'a'.encode('utf-16-le')", "b'a\\x00'"],
    ['UTF-32', "def f(x): return 'a'.encode('utf-32')", "b'\\xff\\xfe\\x00\\x00a\\x00\\x00\\x00'"],
    ['UTF-32 without a mark', "def f(x): return b'\\0\\0\\0a'.decode('utf_32_be')", "'a'"],
    ['Latin-1', "def f(x): return 'é'.encode('iso-8859-1')", "b'\\xe9'"],
  ])('%s', async (_, program, output) => {
    expect(await sandbox.run(program, '3')).toMatchObject({ outcome: 'ok', output });
  });

  test('what is cut off is an error of the codec', async () => {
    const { exceptionType } = await sandbox.run("def f(x): return x.decode('utf-16-le')", "b'a'");
    expect(exceptionType).toBe('UnicodeDecodeError');
  });

  test.each(['cp1252', 'shift_jis', 'koi8-u', 'ROT13', 'mac roman', 'utf-8-sig', 'punycode'])(
    'the codec %s is one that the sandbox says it has not',
    async (codec) => {
      const program = `def f(x):\n    try:\n        return x.encode('${codec}')\n    except LookupError:\n        return 'unknown'`;
      const execution = await sandbox.run(program, "'x'");
      expect(execution).toMatchObject({ outcome: 'forbidden', line: 3 });
      expect(execution.message).toContain(`the sandbox has no codec`);
      expect(execution.message).toContain('it has ascii,');
    },
  );

  test.each(['nonsense', 'mbcs', ''])('the codec %j is unknown, as in CPython', async (codec) => {
    const execution = await sandbox.run(`def f(x): return x.encode('${codec}')`, "'x'");
    expect(execution).toMatchObject({ outcome: 'error', exceptionType: 'LookupError' });
  });

  test('what the compiler is told from the future needs no import', async () => {
    const future = await sandbox.inspect(
      'from __future__ import annotations\nimport math\ndef f(x): return x',
    );
    expect(future.imports).toEqual([{ module: 'math', line: 2 }]);
    expect((await sandbox.inspect('import __future__\ndef f(x): return x')).imports).toEqual([
      { module: '__future__', line: 1 },
    ]);
    expect((await sandbox.inspect('from __future__ import braces')).syntax?.message).toContain(
      'not a chance',
    );
    expect(
      (await sandbox.run('from __future__ import nothing\ndef f(x): return x', '1')).outcome,
    ).toBe('syntax');
  });
});
