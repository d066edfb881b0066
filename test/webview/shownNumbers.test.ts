import { describe, expect, test } from 'vitest';

import { roundCeiling } from '../../webview/src/dashboard/axisScale.ts';
import { heatLevel, learnabilityAt } from '../../webview/src/dashboard/curriculumPicture.ts';
import { textPieces } from '../../webview/src/rewards/completionView.ts';
import { rewardHistogram } from '../../webview/src/rewards/rewardHistogram.ts';
import { pushLevel, surpriseLevel } from '../../webview/src/rewards/tokenLevel.ts';
import {
  countText,
  durationText,
  percentText,
  quantityText,
  signedText,
} from '../../webview/src/ui/numberText.ts';
import { visibleText } from '../../server/protocol/visibleText.ts';
import { shownText } from '../../webview/src/ui/shownText.ts';

describe('numbers', () => {
  test.each([
    [0, '0'],
    [1234567, '1 234 567'],
    [0.12345, '0.123'],
    [-2.5, '−2.5'],
    [0.00004, '4.0e-5'],
    [Number.NaN, '–'],
    [-Infinity, '−∞'],
  ])('%d reads %s', (value, text) => {
    expect(quantityText(value)).toBe(text);
  });

  test('shares, signs, times and counts', () => {
    expect(percentText(0.4375)).toBe('43.8 %');
    expect(percentText(1)).toBe('100 %');
    expect(signedText(0.5)).toBe('+0.5');
    expect(signedText(0)).toBe('0');
    expect(durationText(850)).toBe('850 ms');
    expect(durationText(90_000)).toBe('1 min 30 s');
    expect(durationText(7_500_000)).toBe('2 h 5 min');
    expect(countText(1, 'step')).toBe('1 step');
    expect(countText(2000, 'step')).toBe('2 000 steps');
  });

  test.each([
    [0.3, 0.5],
    [21, 25],
    [100, 100],
    [101, 200],
    [0, 1],
  ])('an axis for %d ends at %d', (value, end) => {
    expect(roundCeiling(value)).toBe(end);
  });
});

test('characters that hide or reorder text are shown, each as one character', () => {
  const hostile = 'a\u0000b\u202ec\u200bd\re\u007f\n\t';

  expect(visibleText(hostile)).toBe('a\u2400b\u25cac\u25cad\u240de\u2421\n\t');
  expect(visibleText(hostile)).toHaveLength(hostile.length);
});

test('what is too long is cut and says how much', () => {
  expect(shownText('x'.repeat(1_000_000))).toEqual({ text: 'x'.repeat(100_000), cut: 900_000 });
});

test('learnability is nothing where nobody or everybody solves, and 1 − p between', () => {
  expect([0, 1, 4, 8].map((solved) => learnabilityAt(solved, 8))).toEqual([0, 0.875, 0.5, 0]);
});

test('a field of the heat map is as strong as its share beside the largest', () => {
  expect([0, 0.01, 0.2, 0.4].map((share) => heatLevel(share, 0.4))).toEqual([0, 1, 4, 8]);
});

test('a completion is cut at its parts; parts that overlap or lie outside are left out', () => {
  expect(
    textPieces('abcdef', [
      { start: 4, end: 6, part: 'output' },
      { start: 1, end: 3, part: 'program' },
      { start: 2, end: 4, part: 'input' },
      { start: 9, end: 12, part: 'message' },
    ]),
  ).toEqual([
    { text: 'a' },
    { text: 'bc', part: 'program' },
    { text: 'd' },
    { text: 'ef', part: 'output' },
  ]);
});

test('tokens are coloured in four levels each way', () => {
  expect([-2, -0.5, 0, 0.1, 1, 2].map((push) => pushLevel(push, 2))).toEqual([-4, -1, 0, 1, 2, 4]);
  expect(pushLevel(1, 0)).toBe(0);
  expect([1, 0.7, 0.3, 0.1, 0.01].map(surpriseLevel)).toEqual([0, 1, 2, 3, 4]);
});

test('every reward of a batch is in one bin, this one too, however equal they are', () => {
  const rewards = [-1, -0.5, -0.5, 1];
  const { counts, currentBin } = rewardHistogram(rewards, 1, [-0.25], 4);

  // From −1.08 to 1.08, the range and a margin of 4 %: −0.54 is the first border.
  expect(counts).toEqual([1, 2, 0, 1]);
  expect(currentBin).toBe(3);
  expect(rewardHistogram([0, 0], 0, [0], 3).counts).toEqual([0, 2, 0]);
});
