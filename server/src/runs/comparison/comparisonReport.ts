/** Runs, checkpoints and evaluations side by side, from the rows of their databases. */
import {
  type ColumnChange,
  type ComparedTasksQuery,
  type ComparisonColumn,
  type ComparisonQuery,
  type ComparisonReport,
  MOST_COMPARED,
} from '../../../protocol/comparison.ts';
import type { ChangedTask } from '../../../protocol/learning.ts';
import type { Page } from '../../../protocol/queries.ts';
import type { RunId } from '../../../protocol/runs.ts';
import { cellsOf, type Kind } from '../../statistics/cells.ts';
import { greedyChange } from '../../statistics/pairedChange.ts';
import { unpairedChange } from '../../statistics/unpairedChange.ts';
import { pageSize, wholeNumber } from '../../store/lists/pageCursor.ts';
import type { Scan } from '../../store/lists/scan.ts';
import type { RunReader } from '../../store/runReader.ts';
import { measuredRates } from '../evaluationReport.ts';
import { answersEach, greedyRate, partsOf, passChange, titlesOf } from '../pairedAnswers.ts';
import { differences } from './differences.ts';
import { fixedFacts } from './fixedFacts.ts';
import { heldOutCurve } from './heldOutCurve.ts';
import { type MeasuredAnswers, measuredAnswers, pairsBetween } from './measuredAnswers.ts';

/** The reader of a run that a query names. */
type ReaderOf = (runId: RunId) => RunReader;

/** Every column is a window of the scan. Throws a ProblemError when a database cannot be read. */
export function* comparisonReport(
  { measurements }: ComparisonQuery,
  readerOf: ReaderOf,
): Scan<ComparisonReport> {
  const wanted = measurements.slice(0, MOST_COMPARED);
  const all: MeasuredAnswers[] = [];
  const columns: ComparisonColumn[] = [];
  const changes: ColumnChange[] = [];
  for (const measurement of wanted) {
    const answered = measuredAnswers(readerOf(measurement.runId), measurement);
    all.push(answered);
    columns.push(columnOf(measurement.runId, answered));
    yield;
    if (all.length === 1) continue;
    changes.push(changeOf(all.length - 1, all[0]!, answered));
    yield;
  }
  const runs = [...new Set(wanted.map(({ runId }) => runId))].map((runId) => ({
    runId,
    reader: readerOf(runId),
  }));
  return {
    columns,
    changes,
    differences: differences(columns.map(({ runId, step }) => fixedFacts(readerOf(runId), step))),
    curves: runs
      .filter(({ reader }) => reader.information().evaluation === undefined)
      .map(({ runId, reader }) => heldOutCurve(reader, runId)),
  };
}

/** The tasks whose greedy answers differ between two measurements, in the order of the first one's file. */
export function comparedTasks(query: ComparedTasksQuery, readerOf: ReaderOf): Page<ChangedTask> {
  const { before, after, change, cursor, limit } = query;
  const offset = wholeNumber('cursor', Number(cursor ?? 0), 0);
  const reader = readerOf(before.runId);
  const changed = pairsBetween(
    measuredAnswers(reader, before),
    measuredAnswers(readerOf(after.runId), after),
  ).filter(
    (pair) =>
      pair.before.isRight !== pair.after.isRight && pair.after.isRight === (change === 'gained'),
  );
  const page = changed.slice(offset, offset + pageSize(limit));
  const titles = titlesOf(reader, page);
  const items = page.map((pair) => {
    const { taskId, mode, stratum } = pair.before;
    return {
      ...{ taskId, mode },
      ...(stratum !== undefined && { stratum }),
      title: titles.get(taskId) ?? '',
      rolloutBefore: pair.before.rolloutId,
      rolloutAfter: pair.after.rolloutId,
    };
  });
  const next = offset + page.length;
  return next < changed.length ? { items, cursor: String(next) } : { items };
}

function columnOf(runId: RunId, { step, answers }: MeasuredAnswers): ComparisonColumn {
  if (step === undefined || answers.length === 0) return { runId };
  return { runId, step, result: { tasks: answers.length, ...measuredRates(answers) } };
}

function changeOf(column: number, first: MeasuredAnswers, other: MeasuredAnswers): ColumnChange {
  const pairs = pairsBetween(first, other);
  const nothing = { column, tasks: pairs.length };
  if (pairs.length === 0) {
    const areAlike = first.answers.length > 0 && kindsOf(first) === kindsOf(other);
    if (!areAlike) return nothing;
    const rates = (of: MeasuredAnswers) =>
      of.answers.map((answer) => ({ ...answer, rate: Number(answer.isRight) }));
    return { ...nothing, unpaired: unpairedChange(rates(first), rates(other)) };
  }
  const samples = answersEach(pairs);
  const hasSampled = samples > 0;
  return {
    ...nothing,
    paired: {
      greedy: greedyChange(pairs.map(greedyRate)),
      ...(hasSampled && {
        sampled: { samples, pass1: passChange(pairs, 1), passK: passChange(pairs, samples) },
      }),
      parts: partsOf(pairs, hasSampled ? pairs : []),
    },
  };
}

/** The modes and strata of the tasks, in an order of their own. */
function kindsOf({ answers }: MeasuredAnswers): string {
  const kinds = cellsOf<Kind>(answers).map(([one]) => JSON.stringify([one?.mode, one?.stratum]));
  return kinds.sort().join();
}
