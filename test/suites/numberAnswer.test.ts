/** Numbers in words of a model, as literals: worked out by hand. */
import { describe, expect, test } from 'vitest';

import { numberLiteral } from '../../server/src/suites/reading/numberAnswer.ts';

describe('a number is read from', () => {
  test.each([
    ['18', '18'],
    [' 18. ', '18'],
    ['+18', '18'],
    ['-3', '-3'],
    ['−3', '-3'],
    ['0018', '18'],
    ['-0', '0'],
    ['1,234', '1234'],
    ['1,234,567.50', '1234567.5'],
    ['$1,080', '1080'],
    ['-$5', '-5'],
    ['$-5.20', '-5.2'],
    ['€ 5', '5'],
    ['5 €', '5'],
    ['£0.75 each', '0.75'],
    ['.5', '0.5'],
    ['-.25', '-0.25'],
    ['18.00', '18'],
    ['18.50 dollars', '18.5'],
    ['20%', '20'],
    ['20 percent', '20'],
    ['1/2', '0.5'],
    ['6/3', '2'],
    ['-1/8', '-0.125'],
    ['2/6', '(1, 3)'],
    ['1 1/2 cups', '1.5'],
    ['-1 1/2', '-1.5'],
    ['\\frac{3}{4}', '0.75'],
    ['$\\boxed{42}$', '42'],
    ['\\boxed{\\$1{,}200}', '1200'],
    ['\\boxed{1,200 \\text{ dollars}}', '1200'],
    ['**18**', '18'],
    ['`18`', '18'],
    ['18 eggs', '18'],
    ['about 18 eggs.', '18'],
    ['16 - 3 - 4 = 9', '9'],
    ['x = 9', '9'],
    ['eighteen', '18'],
    ['Twenty-five dollars', '25'],
    ['one hundred and five', '105'],
    ['two thousand three hundred forty-one', '2341'],
    ['minus seven', '-7'],
    ['three million', '3000000'],
    ['a hundred', '100'],
    ['zero', '0'],
    ['123456789012345678901234567890', '123456789012345678901234567890'],
  ])('%j', (text, literal) => {
    expect(numberLiteral(text)).toBe(literal);
  });
});

describe('no number is read from', () => {
  test.each([
    '',
    'no idea',
    '3 or 4',
    '10 20',
    '1/0',
    'five six',
    'one two three',
    'twenty thirty',
    'x18',
    '3:30',
    '1.2.3',
    '__import__("os").getpid()',
    '1,23,456',
  ])('%j', (text) => {
    expect(numberLiteral(text)).toBeUndefined();
  });
});
