/** When the suites of `evaluate` are asked, and what they may cost. */
import { describe, expect, test } from 'vitest';

import type { RunEvent } from '../../server/protocol/events.ts';
import { benchmarksOf } from '../../server/src/evaluation/benchmarkNames.ts';
import { type AskedSuite, RunEvaluator } from '../../server/src/evaluation/runEvaluator.ts';
import { ScriptedEngine } from '../method/scriptedEngine.ts';
import { linearPolicy } from '../method/linearWorld.ts';

const engine = new ScriptedEngine(linearPolicy);
const { signal } = new AbortController();

/** Goes through all steps of a run, each of which takes `stepMs`, and says which were asked. */
async function asked(
  settings: { steps: number; evaluateEverySteps: number; evaluateShare: number },
  { askMs, stepMs }: { readonly askMs: number; readonly stepMs: number },
) {
  let nowMs = 1000;
  const steps: number[] = [];
  const events: RunEvent[] = [];
  const suite: AskedSuite = {
    suite: 'cruxeval',
    ask: (step) => {
      steps.push(step);
      nowMs += askMs;
      return Promise.resolve(step / 100);
    },
    close: () => undefined,
  };
  const listener = (event: RunEvent) => events.push(event);
  const evaluator = new RunEvaluator(settings, [suite], listener, () => nowMs);
  for (let step = 0; step <= settings.steps; step += 1) {
    if (step > 0) nowMs += stepMs;
    const rates = await evaluator.measure(step, engine, signal);
    const isAsked = steps.at(-1) === step;
    expect([...rates]).toEqual(isAsked ? [['evaluate.cruxeval', step / 100]] : []);
  }
  return {
    steps,
    notices: events.flatMap((event) => (event.kind === 'notice' ? event.message : [])),
  };
}

describe('the suites of a run are asked', () => {
  test('every so many steps, first and last, where that is cheap', async () => {
    const settings = { steps: 25, evaluateEverySteps: 10, evaluateShare: 0.1 };
    const { steps, notices } = await asked(settings, { askMs: 100, stepMs: 1000 });
    expect(steps).toEqual([0, 10, 20, 25]);
    expect(notices).toEqual([]);
  });

  test('less often where they would take more of the time than they may, and that is said', async () => {
    const settings = { steps: 100, evaluateEverySteps: 10, evaluateShare: 0.1 };
    const { steps, notices } = await asked(settings, { askMs: 2000, stepMs: 1000 });
    // After the first: 4 s of 40 s at step 40 (2 s of it were asking), so from there on.
    expect(steps).toEqual([0, 40, 60, 80, 100]);
    expect(notices).toHaveLength(1);
    // 11 times 2 s beside 100 steps of 1 s: 22 of 122 seconds.
    expect(notices[0]).toContain('took 2 s, and every time would be about 18 % of this run');
    expect(notices[0]).toContain('10 % ("evaluateShare")');
  });

  test('always with a share of 1', async () => {
    const settings = { steps: 30, evaluateEverySteps: 10, evaluateShare: 1 };
    expect((await asked(settings, { askMs: 9000, stepMs: 1 })).steps).toEqual([0, 10, 20, 30]);
  });
});

describe('what is named', () => {
  test('is a suite or a file, with a number of items or all', () => {
    expect(benchmarksOf(['cruxeval:100', 'gsm8k', '/data/my.jsonl:7'])).toEqual([
      { suite: 'cruxeval', items: 100 },
      { suite: 'gsm8k' },
      { suite: 'file', dataFile: '/data/my.jsonl', items: 7 },
    ]);
    expect(benchmarksOf(['C:\\data\\my.jsonl'])).toEqual([
      { suite: 'file', dataFile: 'C:\\data\\my.jsonl' },
    ]);
  });

  test('is refused where it is unknown, or named twice', () => {
    expect(() => benchmarksOf(['cruxval'])).toThrow('There is no suite "cruxval".');
    expect(() => benchmarksOf(['heldout'])).toThrow('There is no suite "heldout".');
    expect(() => benchmarksOf(['gsm8k:1', 'gsm8k:2'])).toThrow('names the suite gsm8k twice');
  });
});
