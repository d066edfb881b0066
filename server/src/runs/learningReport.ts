/** What a run learned, from its rows. */
import { isForm } from '../../protocol/constructs.ts';
import type {
  ChangedTask,
  ChangedTasksQuery,
  LearningReport,
  PartChange,
  SampledChange,
} from '../../protocol/learning.ts';
import type { Page } from '../../protocol/queries.ts';
import { MODES } from '../../protocol/vocabulary.ts';
import { learnedConstructs } from '../statistics/learnedConstructs.ts';
import { learningFinding } from '../statistics/learningFinding.ts';
import { greedyChange } from '../statistics/pairedChange.ts';
import { strataOf } from '../statistics/probeMetrics.ts';
import { answersEach, greedyRate, type Pair, pairsOf, passChange } from './pairedAnswers.ts';
import { type HeldOutAnswer, measuredSteps } from '../store/curves/heldOutQuery.ts';
import { taskTitle } from '../store/lists/listText.ts';
import { pageSize, wholeNumber } from '../store/lists/pageCursor.ts';
import { Relatives } from '../store/lists/relatives.ts';
import type { RunReader } from '../store/runReader.ts';

/** Throws a ProblemError when the database cannot be read. */
export function learningReport(reader: RunReader): LearningReport {
  return reader.connection.snapshot(() => {
    const { greedy, sampled } = measuredSteps(reader.connection);
    const tasks = reader.heldOutCount();
    const nothing = { tasks, parts: [], learned: [] };
    if (greedy === undefined || greedy.first === greedy.last) {
      return { ...nothing, finding: learningFinding({}) };
    }
    const pairs = pairsOf(reader, greedy);
    const change = { step: greedy.last, ...greedyChange(pairs.map(greedyRate)) };
    const hasSampled = sampled !== undefined && sampled.first < sampled.last;
    // The later sampling may be of an earlier step than the later greedy answers.
    const drawn = hasSampled && sampled.last !== greedy.last ? pairsOf(reader, sampled) : pairs;
    const sampling = hasSampled ? sampledChange(sampled.last, drawn) : undefined;
    const measured = { greedy: change, ...(sampling && { sampled: sampling }) };
    return {
      ...nothing,
      finding: learningFinding(measured),
      ...measured,
      parts: partsOf(pairs, hasSampled ? drawn : []),
      learned: learnedConstructs(
        pairs.map(({ before, after }) => ({
          constructs: before.constructs.filter((name) => !isForm(name)),
          before: before.isRight,
          after: after.isRight,
        })),
      ),
    };
  });
}

/** The held-out tasks gained or lost between the first and the latest greedy measurement. */
export function changedTasks(reader: RunReader, query: ChangedTasksQuery): Page<ChangedTask> {
  const limit = pageSize(query.limit);
  const offset = wholeNumber('cursor', Number(query.cursor ?? 0), 0);
  return reader.connection.snapshot(() => {
    const steps = stepsOf(reader, query);
    if (steps === undefined || steps.first === steps.last) return { items: [] };
    const changed = pairsOf(reader, steps).filter(
      ({ before, after }) =>
        before.isRight !== after.isRight && after.isRight === (query.change === 'gained'),
    );
    const page = changed.slice(offset, offset + limit);
    const titles = titlesOf(reader, page);
    const items = page.map(({ before, after }) => ({
      ...{ taskId: before.taskId, mode: before.mode },
      ...(before.stratum !== undefined && { stratum: before.stratum }),
      title: titles.get(before.taskId) ?? '',
      ...{ rolloutBefore: before.rolloutId, rolloutAfter: after.rolloutId },
    }));
    const next = offset + page.length;
    return next < changed.length ? { items, cursor: String(next) } : { items };
  });
}

function stepsOf({ connection }: RunReader, { between }: ChangedTasksQuery) {
  if (between === undefined) return measuredSteps(connection).greedy;
  return { first: between.before, last: between.after };
}

function titlesOf(reader: RunReader, pairs: readonly Pair[]): ReadonlyMap<number, string> {
  const tasks = new Relatives(reader.connection).tasksByIds(
    pairs.map(({ before }) => before.taskId),
  );
  return new Map(tasks.map((task) => [task.id, taskTitle(task) ?? '']));
}

/** k is what both measurements have, which is the same unless somebody changed the settings between. */
function sampledChange(step: number, pairs: readonly Pair[]): SampledChange {
  const samples = answersEach(pairs);
  return { step, samples, pass1: passChange(pairs, 1), passK: passChange(pairs, samples) };
}

/** Modes, where there are several, then strata. */
function partsOf(pairs: readonly Pair[], drawn: readonly Pair[]): PartChange[] {
  const modes = MODES.map((mode) => ({ part: { mode }, has: (of: Kind) => of.mode === mode }));
  const strata = strataOf(pairs.map(({ before }) => before)).map((stratum) => ({
    part: { stratum },
    has: (of: Kind) => of.stratum === stratum,
  }));
  return [...modes, ...strata].flatMap(({ part, has }) => {
    const some = pairs.filter(({ before }) => has(before));
    if (some.length === 0) return [];
    const sampled = drawn.filter(({ before }) => has(before));
    return [
      {
        part,
        tasks: some.length,
        greedy: greedyChange(some.map(greedyRate)),
        ...(sampled.length > 0 && { passK: passChange(sampled, answersEach(drawn)) }),
      },
    ];
  });
}

type Kind = Pick<HeldOutAnswer, 'mode' | 'stratum'>;
