/** Sturm's theorem against polynomials whose roots are known. */
import { expect, test } from 'vitest';

import { realRoots } from '../../server/src/suites/humaneval/realRoots.ts';

test.each([
  ['1 + 2x', [1, 2], 1],
  ['(x - 1)(x - 2)(x - 3)', [-6, 11, -6, 1], 3],
  ['x³ - 1', [-1, 0, 0, 1], 1],
  ['-x³ + 1', [1, 0, 0, -1], 1],
  ['x² + 1', [1, 0, 1], 0],
  ['x² - 1', [-1, 0, 1], 2],
  ['(x - 1)²(x + 2), a double root', [2, -3, 0, 1], 2],
  ['(x² + 1)(x² + 2)(x - 5)', [-10, 2, -15, 3, -5, 1], 1],
  ['-2x(x - 1)(x + 1)', [0, 2, 0, -2], 3],
  ['x⁵ - 4x + 1', [1, -4, 0, 0, 0, 1], 3],
])('%s', (_, coefficients, roots) => {
  expect(realRoots(coefficients.map(BigInt))).toBe(roots);
});
