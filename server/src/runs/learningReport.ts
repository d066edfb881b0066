/** What a run learned, from its rows. */
import { isForm } from '../../protocol/constructs.ts';
import type {
  ChangedTask,
  ChangedTasksQuery,
  LearningReport,
  SampledChange,
} from '../../protocol/learning.ts';
import type { Page } from '../../protocol/queries.ts';
import { learnedConstructs } from '../statistics/learnedConstructs.ts';
import { learningFinding } from '../statistics/learningFinding.ts';
import { greedyChange } from '../statistics/pairedChange.ts';
import {
  answersEach,
  greedyRate,
  type Pair,
  pairsOf,
  partsOf,
  passChange,
  titlesOf,
} from './pairedAnswers.ts';
import { measuredSteps } from '../store/curves/heldOutQuery.ts';
import { pageSize, wholeNumber } from '../store/lists/pageCursor.ts';
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

/** k is what both measurements have, which is the same unless somebody changed the settings between. */
function sampledChange(step: number, pairs: readonly Pair[]): SampledChange {
  const samples = answersEach(pairs);
  return { step, samples, pass1: passChange(pairs, 1), passK: passChange(pairs, samples) };
}
