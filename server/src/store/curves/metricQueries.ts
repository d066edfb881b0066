/** Curves: metrics over the steps of a run, averaged over stretches where there are many steps. */
import { ProblemError } from '../../../protocol/problem.ts';
import type { MetricQuery, MetricTable } from '../../../protocol/queries.ts';
import { CheckedRow } from '../rows/checkedRow.ts';
import { wholeNumber } from '../lists/pageCursor.ts';
import type { Scan } from '../lists/scan.ts';
import type { ReadConnection } from '../readConnection.ts';

/** The one metric that has no row: it is a column of the step itself. */
const STEP_DURATION = 'step.durationMs';
const MOST_NAMES = 200;
const MOST_POINTS = 10_000;

/**
 * Stretches are powers of two wide and start at multiples of their width, so that those that are
 * complete stay what they are while a run grows. A point stands at the last step of its stretch. Each
 * metric is a window of the scan.
 */
export function* metricTable(connection: ReadConnection, query: MetricQuery): Scan<MetricTable> {
  const maximumPoints = Math.min(wholeNumber('maximumPoints', query.maximumPoints, 1), MOST_POINTS);
  const firstStep = wholeNumber('afterStep', query.afterStep, -1) + 1;
  if (query.names.length > MOST_NAMES) {
    throw new ProblemError({
      code: 'invalid-query',
      message: `${String(query.names.length)} metrics were asked for at once.`,
      remedy: `Ask for at most ${String(MOST_NAMES)}.`,
    });
  }
  const lastStep = lastStepOf(connection);
  const width = stretchWidth(lastStep + 1, maximumPoints);
  const steps = stretchEnds(firstStep, lastStep, width);
  const frame = {
    runId: query.runId,
    sequence: Number(
      connection.first('SELECT coalesce(max(sequence), 0) AS sequence FROM change')?.['sequence'],
    ),
    steps,
    resumedAfter: connection
      .all(
        'SELECT DISTINCT after_step FROM session WHERE after_step BETWEEN ? AND ? ORDER BY after_step',
        Math.max(firstStep - 1, 0),
        lastStep,
      )
      .map((row) => Number(row['after_step'])),
    ...branchedAfter(connection),
  };
  const series: [string, (number | null)[]][] = [];
  for (const name of query.names) {
    const means = stretchMeans(connection, name, { firstStep, lastStep, width });
    series.push([name, steps.map((step) => means.get(Math.floor(step / width)) ?? null)]);
    yield;
  }
  return { ...frame, series: Object.fromEntries(series) };
}

/** Names of all metrics of the run, sorted. */
export function metricNames(connection: ReadConnection): string[] {
  // From one name to the next along the primary key: there are far fewer names than rows.
  const rows = connection.all(
    `WITH RECURSIVE known (name) AS (
       SELECT min(name) FROM metric
       UNION ALL
       SELECT (SELECT min(metric.name) FROM metric WHERE metric.name > known.name)
       FROM known WHERE known.name IS NOT NULL)
     SELECT name FROM known WHERE name IS NOT NULL LIMIT 10000`,
  );
  const names = rows.map((row) => new CheckedRow(row, connection.path).text('name'));
  return lastStepOf(connection) < 0 ? names : [...names, STEP_DURATION].sort();
}

/** −1 when there is none. */
export function lastStepOf(connection: ReadConnection): number {
  return Number(connection.first('SELECT coalesce(max(step), -1) AS step FROM step')?.['step']);
}

function stretchWidth(steps: number, maximumPoints: number): number {
  let width = 1;
  while (steps > width * maximumPoints) width *= 2;
  return width;
}

function stretchEnds(firstStep: number, lastStep: number, width: number): number[] {
  const ends: number[] = [];
  for (let stretch = Math.floor(firstStep / width); stretch * width <= lastStep; stretch += 1) {
    ends.push(Math.min((stretch + 1) * width - 1, lastStep));
  }
  return firstStep > lastStep ? [] : ends;
}

/** Means by number of the stretch; stretches without a value are absent. */
function stretchMeans(
  connection: ReadConnection,
  name: string,
  { firstStep, lastStep, width }: Record<'firstStep' | 'lastStep' | 'width', number>,
): Map<number, number> {
  const isDuration = name === STEP_DURATION;
  const rows = isDuration
    ? 'duration_ms AS value FROM step WHERE'
    : 'value FROM metric WHERE name = ? AND value IS NOT NULL AND';
  // Two lists as JSON instead of thousands of rows: several times quicker to take over. The width is
  // written out, because a number that is bound counts as real and would not divide to a whole.
  const row = connection.first(
    `SELECT json_group_array(stretch) AS stretches, json_group_array(mean) AS means
     FROM (SELECT stretch, avg(value) AS mean
       FROM (SELECT step / ${String(width)} AS stretch, ${rows} step BETWEEN ? AND ?)
       GROUP BY stretch)`,
    ...(isDuration ? [] : [name]),
    firstStep,
    lastStep,
  );
  const checked = new CheckedRow(row ?? {}, connection.path);
  const means = JSON.parse(checked.text('means')) as (number | null)[];
  const stretches = JSON.parse(checked.text('stretches')) as number[];
  return new Map(stretches.flatMap((stretch, index) => pair(stretch, means[index])));
}

/** A mean beyond the range of numbers comes as null. */
function pair(stretch: number, mean: number | null | undefined): [number, number][] {
  return mean === null || mean === undefined ? [] : [[stretch, mean]];
}

function branchedAfter(connection: ReadConnection): Pick<MetricTable, 'branchedAfter'> {
  const row = connection.first('SELECT step FROM branch');
  return row === undefined ? {} : { branchedAfter: Number(row['step']) };
}
