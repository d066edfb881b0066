/** How a run's held-out tasks were answered as it trained, by steps and by the tokens that it took. */
import type { HeldOutCurve } from '../../../protocol/comparison.ts';
import type { MeasuredRate } from '../../../protocol/evaluation.ts';
import type { RunId } from '../../../protocol/runs.ts';
import { CheckedRow } from '../../store/rows/checkedRow.ts';
import type { RunReader } from '../../store/runReader.ts';

/** More points than a chart has pixels; of more measurements, equally spaced ones and the last. */
const MOST_POINTS = 1000;
const RATES = ['probe.greedy', 'probe.passK'] as const;
const EDGES = ['mean', 'low', 'high'] as const;

/** Throws a ProblemError when the database cannot be read. */
export function heldOutCurve({ connection }: RunReader, runId: RunId): HeldOutCurve {
  const names = RATES.flatMap((rate) => EDGES.map((edge) => `${rate}.${edge}`));
  const values = new Map(
    connection
      .all(
        `SELECT step, name, value FROM metric
         WHERE name IN (SELECT value FROM json_each(?)) AND value IS NOT NULL`,
        JSON.stringify(names),
      )
      .map((one) => {
        const row = new CheckedRow(one, connection.path);
        return [`${String(row.integer('step'))} ${row.text('name')}`, row.number('value')];
      }),
  );
  const rateAt = (step: number, rate: (typeof RATES)[number]): MeasuredRate | undefined => {
    const [mean, low, high] = EDGES.map((edge) => values.get(`${String(step)} ${rate}.${edge}`));
    if (mean === undefined) return undefined;
    return { rate: mean, low: low ?? mean, high: high ?? mean };
  };
  // Every measured step, with the tokens of all steps up to it: the window takes in rows of the same step.
  const steps = connection.all(
    `SELECT step, total FROM (
       SELECT step, name,
         total(CASE name WHEN 'tokens.generated' THEN value END) OVER (ORDER BY step) AS total
       FROM metric WHERE name IN ('tokens.generated', 'probe.greedy.mean')
     ) WHERE name = 'probe.greedy.mean' ORDER BY step`,
  );
  const points = steps.flatMap((one) => {
    const row = new CheckedRow(one, connection.path);
    const step = row.integer('step');
    const [greedy, passK] = [rateAt(step, 'probe.greedy'), rateAt(step, 'probe.passK')];
    if (greedy === undefined) return [];
    return [{ step, generatedTokens: row.number('total'), greedy, ...(passK && { passK }) }];
  });
  return { runId, points: thinned(points) };
}

function thinned<Point>(points: readonly Point[]): readonly Point[] {
  const every = Math.ceil(points.length / MOST_POINTS);
  return points.filter((_, index) => index % every === 0 || index === points.length - 1);
}
