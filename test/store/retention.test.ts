/** Completions that are let go of, databases of earlier versions, and what stays of both. */
import { DatabaseSync } from 'node:sqlite';

import { describe, expect, test } from 'vitest';

import type { ProposalRecord, RolloutRecord, StepRecord } from '../../server/protocol/records.ts';
import type { CompletionRetention } from '../../server/src/store/writer/completionPruner.ts';
import type { RunReader } from '../../server/src/store/runReader.ts';
import { SqliteRunStore } from '../../server/src/store/writer/sqliteRunStore.ts';
import { handMadeSteps } from './handMadeSteps.ts';
import { sampleInformation, sampleStep } from './sampleRun.ts';
import { runWith, temporaryPath } from './temporaryRun.ts';
import { WholeQueries } from './wholeQueries.ts';

const ALL: CompletionRetention = { completionsKeptSteps: 0, completionsKeptMb: 0 };
/** Nothing of these tables may ever go. */
const LASTING = [
  ...['task', 'proposal', 'reward_term', 'execution', 'baseline', 'metric', 'prompt', 'step'],
  ...['prompt_pack', 'attempt', 'proposal_measure', 'task_parent', 'curriculum'],
];

/** Every row of `tables`, or of all, by a connection of its own. */
function rowsIn(path: string, tables?: readonly string[]): Record<string, unknown[]> {
  const database = new DatabaseSync(path, { readOnly: true });
  const names =
    tables ??
    database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
      .all()
      .map(({ name }) => String(name))
      .filter((name) => name !== 'change');
  const rows = names.map((name) => [name, database.prepare(`SELECT * FROM ${name}`).all()]);
  database.close();
  return Object.fromEntries(rows) as Record<string, unknown[]>;
}

/** A step whose completions take about `kilobytes` as they are stored. */
function stepOfSize(step: number, kilobytes: number): StepRecord {
  const record = sampleStep(step);
  // Three rollouts; a Float32 of noise below 0 takes 3.1 bytes when it is deflated.
  const numbers = Math.floor((kilobytes * 1024) / 3 / 3.1);
  let state = step;
  const noise = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.fround(-state / 2 ** 32);
  };
  const rollouts = record.rollouts.map((rollout) => {
    const logProbabilities = Array.from({ length: numbers }, noise);
    return { ...rollout, tokens: logProbabilities.map(() => 7), logProbabilities };
  });
  return { ...record, rollouts };
}

function runKeeping(
  retention: CompletionRetention,
  steps: readonly StepRecord[],
): { path: string; store: SqliteRunStore } {
  const path = temporaryPath();
  const store = SqliteRunStore.create(path, sampleInformation());
  store.keepCompletions(retention);
  for (const step of steps) store.commitStep(step);
  return { path, store };
}

/** Steps whose completions are there. */
function keptSteps(reader: RunReader): number[] {
  return reader
    .steps(-1, 1000)
    .map(({ step }) => step)
    .filter((step) => reader.rollout(step * 3 + 1)?.pruned === undefined);
}

/** What becomes of a rollout. */
function prunedForm(rollout: RolloutRecord, setting: keyof CompletionRetention): RolloutRecord {
  const empty = { completion: '', tokens: [], logProbabilities: [] };
  return { ...rollout, ...empty, pruned: { setting, tokenCount: rollout.tokens.length } };
}

describe('completions of the newest steps only', () => {
  const steps = Array.from({ length: 6 }, (_, step) => sampleStep(step));
  const retention = { ...ALL, completionsKeptSteps: 2 };

  test('older ones go, and nothing else does', () => {
    const { path, store } = runKeeping(retention, steps);
    const whole = runKeeping(ALL, steps);
    expect(keptSteps(store.reader)).toEqual([4, 5]);
    for (const { step, rollouts } of steps) {
      for (const rollout of rollouts) {
        const expected = step < 4 ? prunedForm(rollout, 'completionsKeptSteps') : rollout;
        expect(store.reader.rollout(rollout.id)).toEqual(expected);
      }
    }
    store.close();
    whole.store.close();
    expect(rowsIn(path, LASTING)).toEqual(rowsIn(whole.path, LASTING));
    expect(rowsIn(path, ['rollout'])).toEqual(rowsIn(whole.path, ['rollout']));
    expect(rowsIn(path)['rollout_pack']).toHaveLength(4);
    expect(rowsIn(whole.path)['rollout_pack']).toHaveLength(12);
  });

  test('lists say so, and searches leave them out', () => {
    const [seeding, step] = handMadeSteps() as [StepRecord, StepRecord];
    const unread: ProposalRecord = {
      id: 9,
      step: 1,
      mode: 'abduction',
      rolloutId: 3,
      referenceTaskIds: [],
      accepted: false,
      reason: 'format',
    };
    const malformed: RolloutRecord = { ...step.rollouts[6]!, id: 12, completion: 'findable' };
    delete (malformed as { answer?: string }).answer;
    const { store } = runKeeping({ ...ALL, completionsKeptSteps: 1 }, [
      seeding,
      {
        ...step,
        proposals: [...step.proposals, unread],
        rollouts: [...step.rollouts, malformed],
      },
    ]);
    const path = store.reader.connection.path;
    const page = { runId: 'run', descending: false, limit: 50, sort: 'id' } as const;
    const find = () => {
      const queries = WholeQueries.open(path);
      const found = queries.table({ ...page, table: 'rollouts', filter: { text: 'findable' } });
      const { items } = queries.stepItems({
        ...{ runId: 'run', step: 1, role: 'proposer', mode: 'abduction', offset: 0, limit: 9 },
      });
      queries.close();
      return { found: found.items.length, titles: items.map(({ title }) => title) };
    };
    expect(find()).toEqual({ found: 1, titles: ['def f(a): ⏎ return a ⏎ # 1'] });
    store.commitStep({ ...sampleStep(2), rollouts: [], tasks: [], proposals: [] });
    expect(find()).toEqual({ found: 0, titles: ['completion pruned (completionsKeptSteps)'] });
    store.close();
  });

  test.each([
    [1, 3],
    [2, 5],
    [0, 0],
  ])('cut off and gone back to step %i after step %i, the rows become the same', (back, until) => {
    const unbroken = runKeeping(retention, steps);
    unbroken.store.close();
    const { path, store } = runKeeping(retention, steps.slice(0, until + 1));
    store.close();
    const resumed = SqliteRunStore.open(path);
    resumed.discardStepsAfter(back);
    expect(resumed.keepCompletions(retention)).toBe(0);
    for (const step of steps.slice(back + 1)) resumed.commitStep(step);
    resumed.close();
    expect(rowsIn(path)).toEqual(rowsIn(unbroken.path));
  });

  test('a run that is first asked for it later catches up at once', () => {
    const { path, store } = runWith(steps);
    expect(store.keepCompletions({ ...ALL, completionsKeptSteps: 3 })).toBe(3);
    expect(keptSteps(store.reader)).toEqual([3, 4, 5]);
    expect(store.keepCompletions(retention)).toBe(1);
    store.close();
    const direct = runKeeping(retention, steps);
    direct.store.close();
    expect(rowsIn(path)).toEqual(rowsIn(direct.path));
  });

  test('a step with nothing in it is no obstacle, and the newest is always kept', () => {
    const empty = { ...sampleStep(1), rollouts: [], proposals: [], tasks: [] };
    const { store } = runKeeping({ completionsKeptSteps: 1, completionsKeptMb: 1 }, [
      sampleStep(0),
      empty,
      stepOfSize(2, 3000),
    ]);
    expect(keptSteps(store.reader)).toEqual([1, 2]);
    store.close();
  });
});

describe('completions up to a size', () => {
  const sizes = [300, 300, 300, 300, 900, 10, 10, 700];
  const steps = sizes.map((kilobytes, step) => stepOfSize(step, kilobytes));
  const retention = { ...ALL, completionsKeptMb: 1 };

  test('the oldest go as soon as all take more', () => {
    const { path, store } = runKeeping(retention, []);
    const kept = steps.map((step) => {
      store.commitStep(step);
      return keptSteps(store.reader);
    });
    // 300 + 300 + 300 fit into 1024, four of them do not; 900 and 10 do, 900 and 700 do not.
    expect(kept).toEqual([[0], [0, 1], [0, 1, 2], [1, 2, 3], [4], [4, 5], [4, 5, 6], [5, 6, 7]]);
    expect(store.reader.rollout(1)?.pruned).toEqual({
      setting: 'completionsKeptMb',
      tokenCount: steps[0]!.rollouts[0]!.tokens.length,
    });
    store.close();
    const bytes = rowsIn(path)['rollout_pack'] as Record<string, Uint8Array>[];
    const sum = bytes.reduce(
      (total, row) =>
        total +
        row['completions']!.length +
        row['tokens']!.length +
        row['log_probabilities']!.length,
      0,
    );
    expect(sum).toBeLessThan(2 ** 20);
    expect(sum).toBeGreaterThan(700 * 1024);
  });

  test('the file stops growing: freed pages are used again', () => {
    const even = Array.from({ length: 24 }, (_, step) => stepOfSize(step, 200));
    const pagesAfter = (count: number, kept: CompletionRetention) => {
      const { path, store } = runKeeping(kept, even.slice(0, count));
      store.close();
      const database = new DatabaseSync(path, { readOnly: true });
      const pages = Number(database.prepare('PRAGMA page_count').get()?.['page_count']);
      database.close();
      return pages;
    };
    const settled = pagesAfter(12, retention);
    expect(pagesAfter(24, retention)).toBeLessThan(settled * 1.1);
    expect(pagesAfter(24, ALL)).toBeGreaterThan(settled * 2);
  });
});
