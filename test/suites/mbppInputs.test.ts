/** JSON lists as the Python values that MBPP+ means. */
import { describe, expect, test } from 'vitest';

import { jsonLiteral, parsePythonJson } from '../../server/src/suites/data/jsonLiteral.ts';
import { mbppInput } from '../../server/src/suites/mbpp/mbppInputs.ts';

function input(item: number, json: string): string {
  const parsed = jsonLiteral(json, json.length);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return mbppInput(item, parsed.value);
}

test.each([
  [3, '[1, 1.0, true, null, "a\\u00e9\\/"]', "1, 1.0, True, None, 'aé/'"],
  [3, '[12345678901234567890, 1e400, NaN, -Infinity]', '12345678901234567890, inf, nan, -inf'],
  [3, '[[1, [2]], {"a": [1]}]', "[1, [2]], {'a': [1]}"],
  [2, '[[3, 4], [5]]', '(3, 4), (5,)'],
  [63, '[[[5, 6], [2, 3]]]', '[(5, 6), (2, 3)]'],
  [75, '[[[6, 24], [7, 9]], 6]', '[(6, 24), (7, 9)], 6'],
  [106, '[[5, 6], [9, 10]]', '[5, 6], (9, 10)'],
  [115, '[[[1, 2], []]]', '[{1, 2}, {}]'],
  [124, '["0", "1j"]', '0.0, 1j'],
  [252, '[1]', '(1+0j)'],
  [252, '["(1+2j)"]', '(1+2j)'],
  [250, '[[10, 8], 4]', '(10, 8), 4'],
  [259, '[[[1, 3]], [[6, 7]]]', '((1, 3),), ((6, 7),)'],
  [278, '[[1, [4, [6]], 10]]', '(1, (4, [6]), 10)'],
  [307, '[["H", [1]], 1, 50]', "('H', [1]), 1, 50"],
  [580, '[[4, [7, [2, [1]]]]]', '(4, (7, (2, (1,))))'],
  [722, '[{"Ann": [6.2, 70]}, 6.0, 70]', "{'Ann': (6.2, 70)}, 6.0, 70"],
])('Mbpp/%i: %s', (item, json, expected) => {
  expect(input(item, json)).toBe(expected);
});

describe('JSON as Python writes it', () => {
  test('is read with null for what is not a number', () => {
    expect(parsePythonJson('{"a": [NaN, -Infinity, 1], "NaN": "Infinity"}')).toEqual({
      a: [null, null, 1],
      NaN: 'Infinity',
    });
  });

  test('is refused where it is wrong', () => {
    expect(() => parsePythonJson('{"a": nan}')).toThrow(SyntaxError);
    expect(jsonLiteral('[1, nope]', 20).ok).toBe(false);
  });
});
