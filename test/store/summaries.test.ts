import { DatabaseSync } from 'node:sqlite';

import { describe, expect, test } from 'vitest';

import { generatedSteps } from '../../bench/scale/generatedSteps.ts';
import type { StepRecord } from '../../server/protocol/records.ts';
import { RunQueries } from '../../server/src/store/lists/runQueries.ts';
import { RunReader } from '../../server/src/store/runReader.ts';
import { SUMMARY_SCHEMA } from '../../server/src/store/schema/summarySchema.ts';
import { fillSummaries } from '../../server/src/store/writer/summaryWriter.ts';
import { runWith } from './temporaryRun.ts';
import { WholeQueries } from './wholeQueries.ts';

const SUMMARIES = [...SUMMARY_SCHEMA.matchAll(/CREATE TABLE (\w+)/g)].map(([, name = '']) => name);

/** A step with a tenth of its groups, which is enough and quicker to write. */
function smaller(step: StepRecord): StepRecord {
  const rollouts = step.rollouts.filter(({ group }) => group % 10 === 0);
  const ids = new Set(rollouts.map(({ id }) => id));
  return {
    ...step,
    rollouts,
    proposals: step.proposals.filter(({ rolloutId }) => ids.has(rolloutId)),
  };
}

/** Every row of every summary, sorted. */
function summaries(path: string): Record<string, unknown[]> {
  const database = new DatabaseSync(path, { readOnly: true });
  const rows = SUMMARIES.map((name) => {
    const all = database.prepare(`SELECT * FROM ${name}`).all();
    return [name, all.map((row) => JSON.stringify(row, rounded)).sort()] as const;
  });
  database.close();
  return Object.fromEntries(rows);
}

/** Sums of the same numbers in another order differ in their last digits. */
function rounded(_name: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(12)) : value;
}

describe('summaries', () => {
  const steps = [...generatedSteps({ tasks: 800, seed: 5 })].map(smaller);

  test('made step by step they are what all records give at once', () => {
    const { path, store } = runWith(steps);
    store.close();
    const stepwise = summaries(path);
    const database = new DatabaseSync(path);
    for (const name of SUMMARIES) database.exec(`DELETE FROM ${name}`);
    fillSummaries(database);
    database.close();
    expect(summaries(path)).toEqual(stepwise);
    expect(stepwise['attempt']!.length).toBeGreaterThan(80);
  });

  test.each([-1, 0, 6, 7, 11])(
    'after every step beyond %i was discarded they are as if it never was',
    (kept) => {
      const { path, store } = runWith(steps);
      store.discardStepsAfter(kept);
      for (const step of steps.slice(kept + 1, kept + 3)) store.commitStep(step);
      store.close();
      const direct = runWith(steps.slice(0, kept + 3));
      direct.store.close();
      expect(summaries(path)).toEqual(summaries(direct.path));
    },
  );

  test('averages over stretches are those of the steps', () => {
    const { path, store } = runWith(steps);
    store.close();
    const queries = WholeQueries.open(path);
    const [name] = ['solver.deduction.entropy'];
    const values = queries.reader.metricSeries(name).map(({ value }) => value);
    expect(values).toHaveLength(20);
    const mean = (from: number, to: number) =>
      values.slice(from, to).reduce((sum, value) => sum + value, 0) / (to - from);
    const ask = (maximumPoints: number, afterStep = -1) => {
      const table = queries.metrics({ runId: 'run', names: [name], afterStep, maximumPoints });
      return { steps: table.steps, values: table.series[name] };
    };
    expect(ask(20)).toEqual({ steps: values.map((_, step) => step), values });
    expect(ask(3).steps).toEqual([7, 15, 19]);
    [mean(0, 8), mean(8, 16), mean(16, 20)].forEach((value, index) => {
      expect(ask(3).values?.[index]).toBeCloseTo(value, 12);
    });
    expect(ask(2).steps).toEqual([15, 19]);
    expect(ask(2).values?.[1]).toBeCloseTo(mean(16, 20), 12);
    // From the middle of a stretch on, only the steps that are asked for count.
    expect(ask(3, 9).steps).toEqual([15, 19]);
    expect(ask(3, 9).values?.[0]).toBeCloseTo(mean(10, 16), 12);
    queries.close();
  });

  test('a curriculum is measured a stretch at a time, each once', () => {
    const { path, store } = runWith(steps);
    store.close();
    const queries = RunQueries.open(path);
    const scan = queries.curriculum('run', 5);
    for (let stretch = 0; stretch < 5; stretch += 1) expect(scan.next().done).toBe(false);
    const { value } = scan.next();
    expect(value?.stretches.map(({ lastStep }) => lastStep)).toEqual([3, 7, 11, 15, 19]);
    expect(queries.curriculum('run', 5).next()).toEqual({ done: true, value });
    queries.close();
  });

  test('the curriculum forgets what was discarded', () => {
    const { path, store } = runWith(steps.slice(0, 4));
    const queries = WholeQueries.open(path);
    const before = queries.curriculum('run', 4);
    store.discardStepsAfter(1);
    const [, other] = [...generatedSteps({ tasks: 120, seed: 99 })];
    store.commitStep({
      ...steps[2]!,
      tasks: other!.tasks.map((task) => ({ ...task, id: task.id + 40, step: 2 })),
    });
    store.commitStep(steps[3]!);
    const after = queries.curriculum('run', 4);
    expect(after.stretches[1]).toEqual(before.stretches[1]);
    expect(after.stretches[2]).not.toEqual(before.stretches[2]);
    queries.close();
    store.close();
  });
});

describe('settings that a run did not store', () => {
  test('a setting that came later is what its preset says', () => {
    const { path, store } = runWith([]);
    store.close();
    const database = new DatabaseSync(path);
    database.exec("UPDATE run SET settings = json_remove(settings, '$.repetitionPenalty')");
    database.close();
    const reader = RunReader.open(path);
    expect(reader.information().settings.repetitionPenalty).toBe(0.5);
    reader.close();
  });
});
