/** What a run learned, from rows whose every answer is known. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { RolloutRecord, StepRecord, TaskRecord } from '../../server/protocol/records.ts';
import type { Mode } from '../../server/protocol/vocabulary.ts';
import { probeMetrics } from '../../server/src/statistics/probeMetrics.ts';
import { LearningReports } from '../../server/src/languageServer/queries/learningReports.ts';
import { changedTasks, learningReport } from '../../server/src/runs/learningReport.ts';
import { summarise } from '../../server/src/runs/runSummary.ts';
import { SqliteRunStore } from '../../server/src/store/writer/sqliteRunStore.ts';
import { solverRollout } from '../store/handMadeSteps.ts';
import { sampleInformation } from '../store/sampleRun.ts';
import { temporaryPath } from '../store/temporaryRun.ts';

const RUN = 'run';

interface Kind {
  readonly mode: Mode;
  readonly stratum: string;
}
const TAUGHT: Kind = { mode: 'deduction', stratum: 'taught 1' };
const UNTAUGHT: Kind = { mode: 'abduction', stratum: 'untaught 1' };
/** 30 tasks of either kind; those of the second reverse something. */
const KINDS: readonly Kind[] = Array.from({ length: 60 }, (_, index) =>
  index < 30 ? TAUGHT : UNTAUGHT,
);

function heldOutTask(kind: Kind, id: number): TaskRecord {
  return {
    ...{ id, step: 0, origin: 'held-out', ...kind },
    program: `def f(a):\n    return a[::-1] + ${String(id)}`,
    examples: [{ input: '1', output: '2' }],
    ...{ visible: 0, structure: `s${String(id)}`, template: 't', syntaxNodes: 5 },
    constructs: kind === UNTAUGHT ? ['operator:add', 'slice:reversed'] : ['operator:add'],
    parentTaskIds: [],
  };
}

/** How many of a task's four samples are right, by its number from 0; undefined to ask greedily only. */
type Samples = ((index: number) => number) | undefined;

let rolloutId = 0;
let group = 0;

/** A step that only measures; a greedy answer is right where `isRight` says so. */
function measuring(
  step: number,
  isRight: (index: number) => boolean,
  samples: Samples,
): StepRecord {
  const rollouts: RolloutRecord[] = [];
  const answer = (index: number, phase: 'greedy' | 'probe', correct: number, count: number) => {
    group += 1;
    for (let place = 0; place < count; place += 1) {
      const verdict = place < correct ? 'correct' : 'wrong';
      rolloutId += 1;
      rollouts.push(
        solverRollout(rolloutId, step, KINDS[index]!.mode, group, verdict, {
          ...{ phase, taskId: index + 1, trained: false },
        }),
      );
    }
  };
  KINDS.forEach((_, index) => {
    answer(index, 'greedy', Number(isRight(index)), 1);
  });
  if (samples)
    KINDS.forEach((_, index) => {
      answer(index, 'probe', samples(index), 4);
    });
  const metrics = probeMetrics(
    KINDS.map((kind, index) => ({
      ...kind,
      greedy: isRight(index),
      ...(samples && { sampled: { correct: samples(index), samples: 4 } }),
    })),
  );
  return {
    ...{ step, startedAt: '2026-01-01T00:00:00.000Z', durationMs: 1000 },
    tasks: step === 0 ? KINDS.map((kind, index) => heldOutTask(kind, index + 1)) : [],
    ...{ proposals: [], rollouts, baselines: [] },
    ...{ attempts: [], harvests: [], goldDocuments: [] },
    metrics: [...metrics].map(([name, value]) => ({ step, name, value })),
  };
}

let store: SqliteRunStore;

beforeEach(() => {
  [rolloutId, group] = [0, 0];
  store = SqliteRunStore.create(temporaryPath(), sampleInformation());
});

afterEach(() => {
  store.close();
});

// Of the taught tasks the first 20 are right, of the untaught ones 3.
const before = (index: number) => index < 20 || (index >= 30 && index < 33);
// Two taught ones are lost, and 24 untaught ones gained.
const after = (index: number) => index < 18 || (index >= 30 && index < 57);
const rarely = (index: number) => (index < 15 ? 4 : 0);
const often = (index: number) => (index < 15 ? 4 : index < 40 ? 1 : 0);

describe('the report of a run', () => {
  test('compares with step 0, task by task', () => {
    store.commitStep(measuring(0, before, rarely));
    store.commitStep(measuring(1, after, often));
    const report = learningReport(store.reader);
    expect(report).toMatchObject({ tasks: 60, finding: 'learning' });
    // Cells weigh alike: (20/30 + 3/30) / 2 before, (18/30 + 27/30) / 2 after.
    expect(report.greedy).toMatchObject({ step: 1, gained: 24, lost: 2 });
    expect(report.greedy!.before).toBeCloseTo(23 / 60, 12);
    expect(report.greedy!.after).toBeCloseTo(45 / 60, 12);
    // 2 · (1 + 26 + 325) / 2^26.
    expect(report.greedy!.pValue).toBeCloseTo((2 * 352) / 2 ** 26, 12);
    expect(report.sampled).toMatchObject({ step: 1, samples: 4 });
    expect(report.sampled!.passK.before).toBeCloseTo(15 / 60, 12);
    expect(report.sampled!.passK.after).toBeCloseTo(40 / 60, 12);
    expect(report.sampled!.pass1.after).toBeCloseTo((15 + 25 / 4) / 60, 12);
    expect(report.parts.map(({ part, tasks }) => [part, tasks])).toEqual([
      [{ mode: 'deduction' }, 30],
      [{ mode: 'abduction' }, 30],
      [{ stratum: 'taught 1' }, 30],
      [{ stratum: 'untaught 1' }, 30],
    ]);
    expect(report.parts[3]).toMatchObject({
      greedy: { before: 0.1, after: 0.9, gained: 24, lost: 0 },
      passK: { before: 0 },
    });
    expect(report.learned).toMatchObject([
      { construct: 'slice:reversed', before: 0.1, after: 0.9 },
    ]);
  });

  test('lists what was gained and lost, with both answers to open, a page at a time', () => {
    store.commitStep(measuring(0, before, undefined));
    store.commitStep(measuring(1, after, undefined));
    const query = { runId: RUN, change: 'gained', limit: 20 } as const;
    const first = changedTasks(store.reader, query);
    const second = changedTasks(store.reader, { ...query, cursor: first.cursor! });
    const gained = [...first.items, ...second.items];
    expect(gained.map(({ taskId }) => taskId)).toEqual(
      Array.from({ length: 24 }, (_, index) => 34 + index),
    );
    expect(second.cursor).toBeUndefined();
    expect(gained[0]).toMatchObject({ ...UNTAUGHT, title: 'return a[::-1] + 34' });
    const answers = ['rolloutBefore', 'rolloutAfter'] as const;
    expect(
      answers.map((side) => {
        const { taskId, step, verdict, phase } = store.reader.rollout(gained[0]![side])!;
        return [taskId, step, verdict, phase];
      }),
    ).toEqual([
      [34, 0, 'wrong', 'greedy'],
      [34, 1, 'correct', 'greedy'],
    ]);
    const lost = changedTasks(store.reader, { runId: RUN, change: 'lost', limit: 20 });
    expect(lost.items.map(({ taskId }) => taskId)).toEqual([19, 20]);
  });

  test('a later greedy measurement stands beside the latest pass@k, of its own step', () => {
    store.commitStep(measuring(0, before, rarely));
    store.commitStep(measuring(1, before, rarely));
    store.commitStep(measuring(2, after, undefined));
    const report = learningReport(store.reader);
    expect(report.greedy?.step).toBe(2);
    expect(report.sampled?.step).toBe(1);
    expect(report.finding).toBe('unfinished');
  });

  test('of one measurement, and of none, it says that it is too early', () => {
    expect(learningReport(store.reader)).toMatchObject({ tasks: 0, finding: 'too-early' });
    expect(summarise(store.reader).learning).toBeUndefined();
    store.commitStep(measuring(0, before, rarely));
    const report = learningReport(store.reader);
    expect(report).toEqual({
      ...{ tasks: 60, finding: 'too-early', parts: [], learned: [] },
    });
    expect(changedTasks(store.reader, { runId: RUN, change: 'lost', limit: 5 }).items).toEqual([]);
  });

  test('is worked out once for each measurement, and anew when a step is measured again', () => {
    const reports = new LearningReports();
    store.commitStep(measuring(0, before, rarely));
    store.commitStep(measuring(1, after, often));
    const first = reports.of(store.reader);
    store.commitStep({ ...measuring(2, before, undefined), rollouts: [], metrics: [] });
    expect(reports.of(store.reader)).toBe(first);
    store.discardStepsAfter(0);
    const redone = measuring(1, before, rarely);
    store.commitStep(redone);
    expect(reports.of(store.reader).finding).toBe('nothing');
  });
});
