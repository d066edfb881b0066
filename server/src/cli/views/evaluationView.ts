/** An evaluation as it goes on, and what it found, for a person. */
import { ProblemError } from '../../../protocol/problem.ts';
import type {
  EvaluationReport,
  MeasuredRate,
  SubjectChange,
} from '../../../protocol/evaluation.ts';
import { REPORT_LEVEL } from '../../../protocol/learning.ts';
import { evaluationReport } from '../../runs/evaluationReport.ts';
import { PhasePace } from '../../runs/phasePace.ts';
import { existingRunFolder } from '../../runFolder/runFolder.ts';
import { RunReader } from '../../store/runReader.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { durationText } from '../terminal/terminalText.ts';
import type { RunView } from './runView.ts';

/** Between two lines that say how far a subject is. */
const PROGRESS_LINE_MS = 10_000;

/** A line per notice and every ten seconds one that says how far it is; the table at the end. */
export function evaluationView(output: Terminal, folder: string): RunView {
  const pace = new PhasePace();
  let toldAtMs = performance.now();
  return {
    show(event) {
      if (event.kind === 'notice' || event.kind === 'finished') output.line(event.message);
      if (event.kind === 'step') output.line(`Answered in ${durationText(event.durationMs)}.`);
      if (event.kind !== 'phase') return;
      const leftMs = pace.remainingMs(event);
      if (performance.now() - toldAtMs < PROGRESS_LINE_MS) return;
      toldAtMs = performance.now();
      const left = leftMs === undefined ? '' : `, ${durationText(leftMs)} left`;
      // Before anything is asked, references are executed.
      const counted = event.phase === 'validate' ? 'references' : 'answers';
      output.line(`  ${String(event.done)} of ${String(event.total)} ${counted}${left}`);
    },
    end(summary) {
      if (summary !== undefined) output.line(`\n${evaluationText(reportIn(folder), folder)}`);
    },
  };
}

/** The report of the evaluation in `folder`. Throws ProblemError `no-run`, `usage` for a run. */
export function reportIn(folder: string): EvaluationReport {
  const reader = RunReader.open(existingRunFolder(folder).database);
  try {
    const report = evaluationReport(reader);
    if (report !== undefined) return report;
    throw new ProblemError({
      code: 'usage',
      message: `${folder} holds a run, not an evaluation.`,
      remedy: `Evaluate its policy with "azr eval ${folder}".`,
    });
  } finally {
    reader.close();
  }
}

/** The report as a table, and what changed from the first subject to each other one. */
export function evaluationText(report: EvaluationReport, folder: string): string {
  const { plan, tasks, results, changes } = report;
  const curve = results[0]?.passAtK.map(({ k }) => k) ?? [];
  const header = ['', 'greedy', ...curve.map((k) => `pass@${String(k)}`)];
  const rows = results.map(({ subject, greedy, passAtK, isBestTemplate }) => {
    const hasOthers = results.some((one) => !one.isBestTemplate);
    const mark = hasOthers && isBestTemplate ? ' *' : '';
    return [
      `${subject.label}${mark}`,
      intervalText(greedy),
      ...passAtK.map(({ rate }) => rateText(rate)),
    ];
  });
  const lines = [
    `${plan.suite}, ${String(tasks)} tasks${samplesText(report)}`,
    '',
    ...table([header, ...rows]),
    ...(results.some(({ isBestTemplate }) => !isBestTemplate)
      ? ['', '* the template in which this model answers most tasks']
      : []),
    ...partLines(report),
    ...changes.flatMap((change) => ['', ...changeLines(report, change)]),
    '',
    `In brackets: ${String(REPORT_LEVEL * 100)} % intervals by bootstrap over tasks.`,
    `evaluation   ${folder}`,
    ...(results.length < plan.subjects.length ? [`continue     azr resume ${folder}`] : []),
  ];
  return lines.join('\n');
}

function samplesText({ plan }: EvaluationReport): string {
  if (plan.samples === 0) return ', asked greedily';
  return `, asked greedily and ${String(plan.samples)} times at temperature ${String(plan.temperature)}`;
}

function partLines({ results }: EvaluationReport): string[] {
  const parts = results[0]?.parts ?? [];
  if (parts.length < 2) return [];
  const rows = results.map(({ subject, parts: of }) => [
    subject.label,
    ...of.map(({ greedy }) => rateText(greedy)),
  ]);
  return ['', ...table([['greedy', ...parts.map(partName)], ...rows])];
}

function partName({ part, tasks }: EvaluationReport['results'][number]['parts'][number]): string {
  return `${'mode' in part ? part.mode : part.stratum} (${String(tasks)})`;
}

function changeLines({ plan }: EvaluationReport, change: SubjectChange): string[] {
  const label = (step: number) => plan.subjects.find((one) => one.step === step)?.label ?? '';
  const { greedy, pass1, passK } = change;
  const rows = [
    [
      'greedy',
      changeText(greedy),
      `${String(greedy.gained)} gained, ${String(greedy.lost)} lost, p = ${pText(greedy.pValue)}`,
    ],
    ...(pass1 === undefined ? [] : [['pass@1', changeText(pass1), '']]),
    ...(passK === undefined ? [] : [[`pass@${String(plan.samples)}`, changeText(passK), '']]),
  ];
  return [`${label(change.before)} → ${label(change.after)}`, ...table(rows)];
}

function changeText({
  before,
  after,
  low,
  high,
}: {
  before: number;
  after: number;
  low: number;
  high: number;
}): string {
  return `${signed(after - before)} points (${signed(low)} to ${signed(high)})`;
}

function signed(share: number): string {
  const points = (share * 100).toFixed(1);
  if (Number(points) === 0) return '0.0';
  return share < 0 ? points.replace('-', '−') : `+${points}`;
}

function pText(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

function rateText(rate: number): string {
  return `${(rate * 100).toFixed(1)} %`;
}

function intervalText({ rate, low, high }: MeasuredRate): string {
  return `${rateText(rate)} (${(low * 100).toFixed(1)}–${(high * 100).toFixed(1)})`;
}

/** Columns as wide as their widest cell. */
function table(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}
