import { expect, test } from 'vitest';
import { canonicalKey } from '../../server/src/literal/canonicalKey.ts';
import { formatArguments, formatLiteral } from '../../server/src/literal/format.ts';
import { parseArguments, parseLiteral } from '../../server/src/literal/parse.ts';
import { damage, Random, randomSource, randomValue } from './randomLiterals.ts';

function written(text: string): string {
  const parsed = parseLiteral(text);
  return parsed.ok ? formatLiteral(parsed.value) : `error: ${parsed.error.message}`;
}

function equal(left: string, right: string): boolean {
  const [first, second] = [parseLiteral(left), parseLiteral(right)];
  if (!first.ok || !second.ok) throw new Error(`${left} or ${right} is no literal`);
  return canonicalKey(first.value) === canonicalKey(second.value);
}

// The right-hand sides are what CPython 3.11 prints for repr(...) of the left-hand sides, but for -3j,
// where Python writes (-0-3j).
test.each([
  ['0x_FF', '255'],
  ['1_000', '1000'],
  ['1e16', '1e+16'],
  ['1e15', '1000000000000000.0'],
  ['0.0001', '0.0001'],
  ['0.00001', '1e-05'],
  ['1.5e300', '1.5e+300'],
  ['-0.0', '-0.0'],
  ['1e999', 'inf'],
  ['5e-324', '5e-324'],
  ['3j', '3j'],
  ['-3j', '-3j'],
  ['0-3j', '(0-3j)'],
  ['0-0j', '0j'],
  ['-0.0-0j', '(-0.0-0j)'],
  ['-0.0+3j', '3j'],
  ['1-0j', '(1+0j)'],
  ['1-2.5j', '(1-2.5j)'],
  ['1e16+1e-7j', '(1e+16+1e-07j)'],
  ["'it\\'s'", '"it\'s"'],
  ["'\"\\''", "'\"\\''"],
  ["'\\x00\\x7f\\xa0\\u200b\\u2028é漢'", "'\\x00\\x7f\\xa0\\u200b\\u2028é漢'"],
  ["'\\U000e0001😀'", "'\\U000e0001😀'"],
  ["b'\\x00a\\'\\\\'", 'b"\\x00a\'\\\\"'],
  ["'a' \"b\" '''c\nd'''", "'abc\\nd'"],
  ["r'\\d'", "'\\\\d'"],
  ["'\\q\\101'", "'\\\\qA'"],
  ['(1)', '1'],
  ['(1,)', '(1,)'],
  ['1, 2', '(1, 2)'],
  ['{}', '{}'],
  ['set()', 'set()'],
  ['frozenset({1})', 'frozenset({1})'],
  ["float('nan')", 'nan'],
  ["[float('-inf'), -inf]", '[-inf, -inf]'],
  ['{True: 1, 1: 2}', '{True: 2}'],
  ['{1, True, 1.0}', '{1}'],
  ['[1, # one\n 2,\n]', '[1, 2]'],
])('%s is written %s', (text, expected) => {
  expect(written(text)).toBe(expected);
});

test('sets and dicts are written in one order, whatever order they come in', () => {
  expect(written("{'b', 10, 9, 'a', 9.5, (1,)}")).toBe("{9, 9.5, 10, (1,), 'a', 'b'}");
  expect(written("{'b': 1, 'a': 2, 3: {2, 1}}")).toBe("{3: {1, 2}, 'a': 2, 'b': 1}");
});

test('arguments keep the order of sets and dicts, which a program can see', () => {
  const parsed = parseArguments("{'b': {3, 1}, 'a': 1}, key = {'z': 0,'y': 0, 'z': 1}");
  expect(parsed.ok && formatArguments(parsed.value)).toBe(
    "{'b': {3, 1}, 'a': 1}, key={'z': 1, 'y': 0}",
  );
});

test.each([
  ['1', '1.0', false],
  ['1', 'True', false],
  ['0', 'False', false],
  ['1.0', '1+0j', false],
  ["'a'", "b'a'", false],
  ['(1, 2)', '[1, 2]', false],
  ['{1}', 'frozenset({1})', false],
  ['set()', '{}', false],
  ["['a', 'b']", "['a;s1:b']", false],
  ["{'a': 1}", "{'a': 1.0}", false],
  ['nan', "float('NaN')", true],
  ['[nan]', '[-nan]', true],
  ['0.0', '-0.0', true],
  ['{1, 2, 3}', '{3, 2, 1}', true],
  ['{1: [2], 3: {4}}', '{3: {4}, 1: [2]}', true],
  ['[{1, (2, 3)}]', '[{(2, 3), 1}]', true],
  ['1e0', '1.0', true],
  ["'é'", "'\\xe9'", true],
])('equality of %s and %s is %s', (left, right, expected) => {
  expect(equal(left, right)).toBe(expected);
});

test.each([
  'eval(gold_output)',
  "__import__('os')",
  "'2-1' - 1",
  '1) or (True',
  'deque([1])',
  'open',
  '[1][0]',
  '1 if True else 2',
  '(lambda: 1)()',
  '2**10',
  '[x for x in (1,)]',
  "f'{1}'",
  "'\\N{BULLET}'",
  "'\\ud800'",
  '...',
  '--1',
  '{[]}',
  '{{}: 1}',
  '1 2',
  '',
  '#',
  'float("1.5")',
  'set(1)',
  'frozenset',
])('%s is no literal', (text) => {
  expect(parseLiteral(text).ok).toBe(false);
});

test('an error says what and where', () => {
  expect(parseLiteral("[1, 'a' + 2]")).toEqual({
    ok: false,
    error: { message: 'An expression is not a literal.', position: 8 },
  });
  expect(parseLiteral("'\\N{BULLET}'")).toMatchObject({
    error: { message: expect.stringContaining('\\N{...}') as string, position: 1 },
  });
});

test.each([
  ["[1, 2], key='x'", "[1, 2], key='x'"],
  ['(1, 2)', '(1, 2)'],
  ['((1, 2))', '(1, 2)'],
  ['', ''],
  [' # nothing\n', ''],
  ['1,\n  2,\n', '1, 2'],
  ['a = 1, b={"x": (2,)}', "a=1, b={'x': (2,)}"],
])('the arguments %j are read as %s', (text, expected) => {
  const parsed = parseArguments(text);
  expect(parsed.ok && formatArguments(parsed.value)).toBe(expected);
});

test.each([
  'x=1, 2',
  'a=1, a=2',
  'if=1',
  '*[1]',
  '**{}',
  'x==1',
  '1) or (True',
  '1 2',
  ',',
  'x=',
  'f(1)',
])('%s is no argument list', (text) => {
  expect(parseArguments(text).ok).toBe(false);
});

test('nesting and size are bounded without exhausting the stack or the clock', () => {
  expect(parseLiteral('['.repeat(64) + ']'.repeat(64)).ok).toBe(true);
  expect(parseLiteral('['.repeat(65) + ']'.repeat(65)).ok).toBe(false);
  const started = performance.now();
  const hostile = [
    '['.repeat(60_000),
    '-'.repeat(60_000),
    '{1:'.repeat(20_000),
    "'a' ".repeat(16_000),
    '# # # #'.repeat(9_000),
    'x' + ' '.repeat(60_000),
    '[' + '1,'.repeat(32_000) + ']',
    '9'.repeat(65_000),
    "'" + '\\'.repeat(60_000),
    '{' + Array.from({ length: 10_000 }, (_, index) => index).join(',') + '}',
    '\\\n'.repeat(30_000),
    '1_'.repeat(30_000),
    '('.repeat(60) + '{1,2},'.repeat(9_000) + ')'.repeat(60),
  ];
  for (const text of hostile) {
    parseLiteral(text);
    parseArguments(text);
  }
  expect(parseLiteral('1'.repeat(70_000)).ok).toBe(false);
  expect(performance.now() - started).toBeLessThan(5_000);
});

test('600,000 random values survive being written and read', { timeout: 180_000 }, () => {
  const random = new Random(20_260_101);
  for (let count = 0; count < 600_000; count += 1) {
    const value = randomValue(random, 2);
    const text = formatLiteral(value);
    const parsed = parseLiteral(text);
    if (!parsed.ok) throw new Error(`${text}: ${parsed.error.message}`);
    if (
      canonicalKey(parsed.value) !== canonicalKey(value) ||
      formatLiteral(parsed.value) !== text
    ) {
      throw new Error(`${text} became ${formatLiteral(parsed.value)}`);
    }
  }
});

test('400,000 damaged or adversarial texts are read or refused', { timeout: 180_000 }, () => {
  const random = new Random(20_260_102);
  let accepted = 0;
  for (let count = 0; count < 400_000; count += 1) {
    const sound = count % 2 === 0 ? formatLiteral(randomValue(random, 2)) : randomSource(random, 2);
    const text = damage(random, sound);
    const parsed = parseLiteral(text);
    parseArguments(text);
    if (!parsed.ok) continue;
    accepted += 1;
    // What was accepted is a value: it can be written, and reads back as the same value.
    const again = parseLiteral(formatLiteral(parsed.value));
    if (!again.ok || canonicalKey(again.value) !== canonicalKey(parsed.value)) {
      throw new Error(`${JSON.stringify(text)} is not stable`);
    }
  }
  // Both outcomes must be well represented, or the generator tests nothing.
  expect(accepted).toBeGreaterThan(40_000);
  expect(accepted).toBeLessThan(360_000);
});
