import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { expect, test } from 'vitest';

import {
  combinedConstructs,
  CONSTRUCT_NAME,
  constructText,
  isForm,
  NAMED_CONSTRUCTS,
} from '../../server/protocol/constructs.ts';
import { readInspection } from '../../server/src/sandbox/pool/reports.ts';
import { FRAME_BYTES, NONCE_BYTES } from '../../server/src/sandbox/pool/wire.ts';
import { PROGRAMS } from './programsWithConstructs.ts';

const NAMED_BY_THE_PROGRAM = /^(call|library|method|import):/;

test.each([
  ['slice:reversed', 'reversing with [::-1]'],
  ['operator:floor-divide', 'floor division //'],
  ['call:sorted', 'sorted()'],
  ['method:count', '.count()'],
  ['library:math.gcd', 'math.gcd()'],
  ['import:math', 'import math'],
  ['function:recursion', 'recursion'],
  // Of a later version.
  ['statement:do-until', 'do until'],
  ['call:other', 'a function with a long name'],
  ['method:other', 'a method with a long name'],
])('%s is called "%s"', (name, text) => {
  expect(constructText(name)).toBe(text);
});

test('every name of the harness has words', async () => {
  const folder = path.join(import.meta.dirname, '../../server/sandbox/harness');
  const texts = await Promise.all(
    ['construct_names.py', 'constructs.py', 'subscripts.py', 'own_functions.py'].map((name) =>
      readFile(path.join(folder, name), 'utf8'),
    ),
  );
  const source = texts.join('\n');
  const [, operators = ''] = /OPERATORS[^{]*\{(.*?)\n\}/s.exec(source) ?? [];
  const [, displays = ''] = /DISPLAYS = \{(.*?)\}/s.exec(source) ?? [];
  const values = (table: string) => [...table.matchAll(/: "([\w-]+)"/g)].map(([, name]) => name!);
  const added = [...source.matchAll(/_add\("(\w+)", "([\w-]+)"/g)];
  const names = [
    ...values(operators).map((name) => `operator:${name}`),
    ...values(displays).map((name) => `literal:${name}`),
    ...added.map(([, kind = '', name = '']) => `${kind}:${name}`),
    ...[...source.matchAll(/"([a-z]+:[a-z-]+)"/g)].map(([, name]) => name!),
    ...[...source.matchAll(/(?:return|if) "([a-z-]+)"/g)].map(([, name]) => `slice:${name!}`),
    ...PROGRAMS.flatMap(([, constructs]) => constructs.split(' ')),
  ].filter((name) => name !== '' && !NAMED_BY_THE_PROGRAM.test(name));
  expect(new Set(names).size).toBeGreaterThan(80);
  expect(NAMED_CONSTRUCTS()).toEqual(expect.arrayContaining(names));
});

test.each([
  [[], 0],
  [['statement:return-only'], 0],
  [['slice:reversed', 'statement:return-only'], 1],
  [['call:sorted', 'method:join', 'slice:all-but-last', 'statement:assignment'], 3],
  // What is used of a module counts, its import does not.
  [['import:math', 'library:math.gcd', 'literal:list', 'operator:add'], 2],
] as const)('%j combines %i', (constructs, count) => {
  expect(combinedConstructs(constructs)).toBe(count);
});

test.each([
  ['statement:assignment', true],
  ['literal:tuple', true],
  ['import:math', true],
  ['statement:for', false],
  ['index:element', false],
])('%s is only form: %s', (name, form) => {
  expect(isForm(name)).toBe(form);
});

const NONCE = Buffer.alloc(NONCE_BYTES, 7);
const INSPECTION = {
  ...{ functions: [], imports: [], chance: [], structure: 'a', template: 'b', syntaxNodes: 3 },
};

test.each([
  [['call:sorted', 'operator:add'], true],
  [['no colon'], false],
  [['call:<b>'], false],
  [[`call:${'x'.repeat(65)}`], false],
  ['call:sorted', false],
  [undefined, false],
])('of a report, %j as constructs is believed: %s', (constructs, believed) => {
  const report = Buffer.from(JSON.stringify({ ...INSPECTION, constructs }));
  const header = Buffer.alloc(FRAME_BYTES);
  NONCE.copy(header);
  header.writeUInt32LE(report.length, NONCE_BYTES);
  const inspection = readInspection(
    {
      ...{ end: 'exited', exitCode: 0, signal: 0, wallMs: 1, cpuMs: 1, memoryKb: 1 },
      payload: Buffer.concat([header, report]),
    },
    NONCE,
  );
  expect(inspection.syntax === undefined).toBe(believed);
  expect(inspection.constructs).toEqual(believed ? constructs : []);
});

test('names in the table of programs are names that are believed', () => {
  const names = PROGRAMS.flatMap(([, constructs]) => constructs.split(' ')).filter(Boolean);
  expect(names.filter((name) => !CONSTRUCT_NAME.test(name))).toEqual([]);
});
