import { describe, expect, test } from 'vitest';

import { oneLine, programTitle, taskTitle } from '../../server/src/store/lists/listText.ts';

describe('one line', () => {
  test('line breaks and control characters are made visible', () => {
    expect(oneLine('a\r\n  b\tc\u0000d\u001b[31m\u007f')).toBe('a ⏎ b c␀d␛[31m␡');
    expect(oneLine('x\u202ey\u200bz\u0085')).toBe('x\\u202ey\\u200bz\\u0085');
  });

  test('long texts are cut at 120 characters, never inside one', () => {
    expect(oneLine('x'.repeat(120))).toBe('x'.repeat(120));
    const cut = oneLine('x'.repeat(121));
    expect(cut).toHaveLength(120);
    expect(cut.endsWith('x…')).toBe(true);
    const emoji = oneLine(`${'x'.repeat(118)}${'\u{1F600}'.repeat(5)}`);
    expect(emoji).toBe(`${'x'.repeat(118)}…`);
    expect(oneLine('\u0000'.repeat(1_000_000))).toHaveLength(120);
  });

  test('a text that is cut behind white space says so', () => {
    expect(oneLine(`x${' '.repeat(500)}y`)).toBe('x…');
  });
});

describe('titles', () => {
  test.each([
    [
      'the first line that does something',
      'import math\n\ndef f(a):\n    # doubles\n    return a * 2',
      'return a * 2',
    ],
    [
      'decorators and documentation are passed over',
      '@cache\ndef f(a):\n    """Doubles."""\n    x = a\n    return x',
      'x = a',
    ],
    ['a function on one line', 'def f(a): return a', 'def f(a): return a'],
    ['nothing but a header', 'def f(a):', 'def f(a):'],
    ['nothing', '', ''],
  ])('%s', (_what, program, title) => {
    expect(programTitle(program)).toBe(title);
  });

  test('induction is told apart by its message', () => {
    expect(taskTitle({ program: 'def f(a):\n    return a', message: 'gives it back' })).toBe(
      'gives it back',
    );
    expect(taskTitle({})).toBeUndefined();
  });
});
