import { expect, test } from 'vitest';

import type { MetricTable } from '../../server/protocol/queries.ts';
import { runWarnings } from '../../webview/src/dashboard/warnings.ts';

const STEPS = Array.from({ length: 30 }, (_, step) => step);
/** The same small wobble every time, so that a trend has an error to be compared with. */
const wobble = (step: number) => 0.01 * Math.sin(step * 2.4);

function table(series: Record<string, (step: number) => number | null>): MetricTable {
  return {
    runId: 'run',
    sequence: 1,
    steps: STEPS,
    series: Object.fromEntries(
      Object.entries(series).map(([name, at]) => [name, STEPS.map((step) => at(step))]),
    ),
    resumedAfter: [],
  };
}

const kinds = (metrics: MetricTable) => runWarnings(metrics).map(({ kind }) => kind);
const everyThird = (at: (step: number) => number) => (step: number) =>
  step % 3 === 0 ? at(step) : null;

test('self-play that rises while the probe falls is said, with both changes in points', () => {
  const warnings = runWarnings(
    table({
      'solver.deduction.solveRate': (step) => 0.3 + 0.01 * step + wobble(step),
      'probe.greedy.mean': everyThird((step) => 0.5 - 0.005 * step + wobble(step)),
    }),
  );

  expect(warnings.map(({ kind }) => kind)).toEqual(['drifting-apart']);
  // 0.01 × 29 and 0.005 × 27, within the wobble.
  const [, rose, fell] = /rose by about (\S+) points.*fell by about (\S+) points/.exec(
    warnings[0]!.sentence,
  )!;
  expect(Number(rose)).toBeGreaterThan(28);
  expect(Number(rose)).toBeLessThan(30);
  expect(Number(fell)).toBeGreaterThan(12.5);
  expect(Number(fell)).toBeLessThan(14.5);
});

test.each([
  ['both rise', 0.01, 0.005],
  ['both fall', -0.01, -0.005],
  ['only the probe falls', 0, -0.005],
  ['the probe falls by less than two points', 0.01, -0.0005],
])('nothing is said when %s', (_, selfPlay, heldOut) => {
  const metrics = table({
    'solver.deduction.solveRate': (step) => 0.4 + selfPlay * step + wobble(step),
    'probe.greedy.mean': everyThird((step) => 0.5 + heldOut * step + wobble(step * 1.7)),
  });

  expect(kinds(metrics)).toEqual([]);
});

test('a fall that noise may explain is not said', () => {
  const metrics = table({
    'solver.deduction.solveRate': (step) => 0.3 + 0.01 * step,
    'probe.greedy.mean': everyThird((step) => 0.5 - 0.002 * step + 0.2 * (step % 2 === 0 ? 1 : -1)),
  });

  expect(kinds(metrics)).toEqual([]);
});

test('four probes are too few to speak of a trend', () => {
  const metrics = table({
    'solver.deduction.solveRate': (step) => 0.3 + 0.01 * step,
    'probe.greedy.mean': (step) => (step % 8 === 0 ? 0.5 - 0.01 * step : null),
  });

  expect(kinds(metrics)).toEqual([]);
});

test('an entropy below a quarter of its beginning is said, one above is not', () => {
  const entropy = (end: number) =>
    table({ 'solver.abduction.entropy': (step) => (step < 15 ? 0.8 : end) });

  expect(kinds(entropy(0.19))).toEqual(['entropy']);
  expect(kinds(entropy(0.21))).toEqual([]);
});

test.each([
  ['template', 'proposer.largestTemplate', 0.51, 0.49],
  ['duplicates', 'proposer.unique', 0.49, 0.51],
  ['no-variance', 'solver.induction.zeroVarianceGroups', 0.81, 0.79],
])('%s is said beyond its threshold only', (kind, metric, beyond, within) => {
  expect(kinds(table({ [metric]: () => beyond }))).toEqual([kind]);
  expect(kinds(table({ [metric]: () => within }))).toEqual([]);
});

test('a run without any metric has no warnings', () => {
  expect(kinds({ runId: 'run', sequence: 0, steps: [], series: {}, resumedAfter: [] })).toEqual([]);
});
