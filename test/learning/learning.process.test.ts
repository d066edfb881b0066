import { expect, it } from 'vitest';

import { shortRun } from '../../bench/learn/shortRun.ts';

/**
 * What thirty-two steps must reach on operators that the model was never told the meaning of: a rise of
 * the log-probability of right outputs, in nats, and of the greedy rate. Both lie below the least of five
 * seeds and above what random rewards and reversed advantages reach without the interpreter's answers;
 * the figures are in docs/learning.md, and `npm run learn -- --short` makes the runs again.
 */
const GOLD_MARK = 7;
const GREEDY_MARK = 0.04;

// Beside the other files of this project one core is all there is, and two threads would fight for it.
process.env['OMP_NUM_THREADS'] = '1';

// It comes out the same each time, so that another try would only take as long again.
const OPTIONS = { timeout: 1_200_000, retry: 0 };

it(
  'thirty-two steps of self-play teach what untaught operators do, and keep the proposer valid and varied',
  OPTIONS,
  async () => {
    const { goldUntaught, greedyUntaught, valid, unique } = await shortRun({
      arm: 'studio',
      seed: 1,
    });
    expect(goldUntaught.after - goldUntaught.before).toBeGreaterThan(GOLD_MARK);
    expect(greedyUntaught.after - greedyUntaught.before).toBeGreaterThan(GREEDY_MARK);
    expect(valid).toBeGreaterThan(0.6);
    expect(unique).toBeGreaterThan(0.7);
  },
);
