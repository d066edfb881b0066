import { describe, expect, test } from 'vitest';

import { REJECTION_REASONS } from '../../server/protocol/vocabulary.ts';
import {
  learnability,
  proposerReward,
  rejectedProposalReward,
  solverReward,
} from '../../server/src/method/rewards.ts';

describe('learnability, paper eq. 4', () => {
  // r = 0 for a mean solve rate of 0 or 1, else 1 − mean; eighths are exact in binary.
  test.each([
    [0, 0],
    [1, 0.875],
    [2, 0.75],
    [3, 0.625],
    [4, 0.5],
    [5, 0.375],
    [6, 0.25],
    [7, 0.125],
    [8, 0],
  ])('%i of 8 rollouts correct gives %d', (correct, expected) => {
    expect(learnability(correct / 8)).toBe(expected);
  });
});

describe('composite reward of a proposal, paper eq. 6', () => {
  test('a task solved by 2 of 8 earns 1 − 2/8 = 0.75', () => {
    const { value, terms } = proposerReward(2 / 8, 0, 0);
    expect(value).toBe(0.75);
    expect(terms).toEqual([
      { name: 'learnability', value: 0.75, explanation: '1 − solve rate 0.25 = 0.75' },
    ]);
  });

  test.each([0, 1])(
    'reference issue 37: a valid task of zero learnability earns 0, not −0.5 (solve rate %d)',
    (solveRate) => {
      expect(proposerReward(solveRate, 0, 0).value).toBe(0);
    },
  );

  test('the paper has no repetition term, however many proposals share the template', () => {
    expect(proposerReward(0.5, 1, 0)).toEqual(proposerReward(0.5, 0, 0));
  });

  test('the repetition term subtracts λ times the share: 0.75 − 0.5 · 0.4 = 0.55', () => {
    const { value, terms } = proposerReward(0.25, 0.4, 0.5);
    expect(value).toBeCloseTo(0.55, 12);
    expect(terms.map(({ name }) => name)).toEqual(['learnability', 'repetition']);
    expect(terms.map((term) => term.value)).toEqual([0.75, -0.2]);
    expect(terms[1]?.explanation).toContain('0.4 of the other proposals of this step');
  });

  test('an invalid proposal counts as badly formed, a repeated one as well-formed and wrong', () => {
    for (const reason of REJECTION_REASONS) {
      const expected = reason === 'duplicate' || reason === 'held-out' ? -0.5 : -1;
      expect(rejectedProposalReward(reason).value, reason).toBe(expected);
      expect(rejectedProposalReward(reason).terms[0]?.explanation).toContain(reason);
    }
  });
});

describe('composite reward of an answer, paper eq. 5 and 6', () => {
  test('a correct answer earns 1', () => {
    expect(solverReward('correct', 'equal').value).toBe(1);
  });

  test('a well-formed wrong answer earns −0.5', () => {
    expect(solverReward('wrong', 'different-output').value).toBe(-0.5);
  });

  test('an answer of the wrong form earns −1', () => {
    expect(solverReward('malformed', 'format').value).toBe(-1);
  });

  test('the terms of every reward add up to it and say why', () => {
    const rewards = [
      proposerReward(0.125, 1 / 3, 0.5),
      rejectedProposalReward('timeout'),
      solverReward('correct', 'equal'),
      solverReward('wrong', 'hidden-example-failed'),
    ];
    for (const { value, terms } of rewards) {
      expect(terms.reduce((sum, term) => sum + term.value, 0)).toBeCloseTo(value, 12);
      expect(terms.every(({ explanation }) => explanation.length > 0)).toBe(true);
    }
  });
});
