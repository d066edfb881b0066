/**
 * Writes docs/learning.md and its curves: page.md, with a table of recorded results in place of every
 * `{{name}}`. Every number in a table was measured.
 */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { ARMS } from './arms.ts';
import { curveChart } from './curveChart.ts';
import type { CurvePoint, ExperimentResult } from './experiment.ts';
import { largerModelsText } from './largerModelsReport.ts';
import { changeText, intervalText, natsText, percent, points, pText, table } from './reportText.ts';
import { partOf, type RecordedResult, type RecordedShortRun } from './results.ts';
import { armGains, shareOfCeiling, type Spread } from './seedMeans.ts';

const PAGE = path.join(import.meta.dirname, 'page.md');
/** The table that the page begins with; results of other names are candidates of the recipe. */
const HEADLINE = 'headline';
const STRATA = ['taught', 'untaught', 'two combined', 'three combined'];
const COLOURS = [
  '#1f77b4',
  '#d95f02',
  '#2ca02c',
  '#7570b3',
  '#e7298a',
  '#666666',
  '#a6761d',
  '#1b9e77',
];

export interface ReportContent {
  readonly results: readonly RecordedResult[];
  readonly shortRuns: readonly RecordedShortRun[];
}

/** Rejects where page.md names a table that there is none of. */
export async function writeReport(
  folder: string,
  { results, shortRuns }: ReportContent,
): Promise<void> {
  const own = results.filter(({ model }) => model === undefined);
  const larger = results.filter(({ model }) => model !== undefined);
  const main = own.filter(({ table: name }) => name === HEADLINE);
  const candidates = own.filter(({ table: name }) => name !== HEADLINE);
  const tables: Readonly<Record<string, string>> = {
    arms: armTable(main),
    seeds: seedTable(main),
    ceiling: ceilingText(main),
    strata: strataTable(main),
    proposals: proposalTable(main),
    shortRuns: shortRunTable(shortRuns),
    larger: largerModelsText(larger).join('\n').trimEnd(),
    candidates: candidateTable(candidates),
  };
  const page = (await readFile(PAGE, 'utf8')).replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const text = tables[name];
    if (text === undefined) throw new Error(`page.md names the table "${name}"; there is none.`);
    return text;
  });
  await writeFile(path.join(folder, 'learning.md'), page);
  const first = main.find(({ arm }) => arm === 'studio');
  if (first === undefined) return;
  await writeFile(path.join(folder, 'learning.svg'), strataChart(first));
  await writeFile(path.join(folder, 'learning-arms.svg'), armChart(main));
}

function strataChart({ curve }: ExperimentResult): string {
  const series = STRATA.map((stratum, index) => ({
    label: stratum,
    colour: COLOURS[index]!,
    width: stratum === 'untaught' ? 3 : 1.5,
    points: curve.flatMap((point) => {
      const rate = point.rates[`greedy.stratum.${stratum}`];
      return rate === undefined ? [] : [[point.seconds / 60, rate] as const];
    }),
  }));
  return curveChart('Held-out tasks answered right, greedily', 'minutes', series);
}

/** One line per arm, of its first seed, over steps: arms differ in how long a step takes. */
function armChart(results: readonly RecordedResult[]): string {
  const series = ARMS.flatMap(({ name }, index) => {
    const result = results.find(({ arm }) => arm === name);
    if (result === undefined) return [];
    return {
      ...{ label: name, colour: COLOURS[index]!, width: name === 'studio' ? 3 : 1.5 },
      points: result.curve.flatMap(untaughtPoint),
    };
  });
  return curveChart('Untaught operators, answered right greedily', 'steps', series);
}

function untaughtPoint({ step, rates }: CurvePoint): (readonly [number, number])[] {
  const rate = rates['greedy.stratum.untaught'];
  return rate === undefined ? [] : [[step, rate]];
}

function armTable(results: readonly RecordedResult[]): string {
  const rows = ARMS.flatMap(({ name, question }) =>
    results.filter(({ arm }) => arm === name).map((result) => row(result, question)),
  );
  const columns = ['arm', 'what it asks', 'seed', 'steps', 'minutes'];
  return table([...columns, 'greedy, before → after', 'gain, 99 %', 'p', 'pass@k'], rows);
}

function seedTable(results: readonly RecordedResult[]): string {
  return table(
    ['arm', 'seeds', 'greedy', 'untaught', 'taught', 'pass@k'],
    armGains(results).map(({ arm, seeds, greedy, untaught, taught, passK }) => [
      `\`${arm}\``,
      String(seeds),
      ...[greedy, untaught, taught, passK].map(spreadText),
    ]),
  );
}

function spreadText({ mean, least, most }: Spread): string {
  if (Number.isNaN(mean)) return '';
  return least === most ? points(mean) : `${points(mean)} (${points(least)} to ${points(most)})`;
}

function ceilingText(results: readonly RecordedResult[]): string {
  const share = shareOfCeiling(armGains(results));
  return share === undefined
    ? 'How far self-play gets towards supervised training was not measured yet.'
    : `Self-play reaches ${percent(share)} of the gain of supervised training on as many documents of the generator, the ceiling.`;
}

function strataTable(results: readonly RecordedResult[]): string {
  return table(
    ['arm', 'seed', ...STRATA],
    inOrder(results).map((result) => [
      ...[result.arm, String(result.seed)],
      ...STRATA.map((stratum) => partText(result, stratum)),
    ]),
  );
}

function proposalTable(results: readonly RecordedResult[]): string {
  const columns = ['distinct programs a minute', 'templates', 'valid', 'unique'];
  return table(
    ['arm', 'seed', ...columns, 'constructs a task', 'starting model solves'],
    inOrder(results).map((result) => [
      ...[result.arm, String(result.seed)],
      (result.distinctPrograms / result.minutes).toFixed(0),
      String(result.templates),
      courseText(result, 'proposer.valid'),
      courseText(result, 'proposer.unique'),
      courseText(result, 'curriculum.constructs', (value) => value.toFixed(2)),
      startText(result),
    ]),
  );
}

function inOrder(results: readonly RecordedResult[]): RecordedResult[] {
  return ARMS.flatMap(({ name }) => results.filter(({ arm }) => arm === name));
}

function shortRunTable(shortRuns: readonly RecordedShortRun[]): string {
  return table(
    [
      'arm',
      'seed',
      'log p of right outputs, untaught',
      'taught',
      'greedy, untaught',
      'greedy, all',
    ],
    shortRuns.map((run) => [
      ...[run.arm, String(run.seed), natsText(run.goldUntaught), natsText(run.goldTaught)],
      ...[changeText(run.greedyUntaught), changeText(run.greedy)],
    ]),
  );
}

function row(result: RecordedResult, question: string): string[] {
  const { greedy, sampled } = result.report;
  return [
    ...[`\`${result.arm}\``, question, String(result.seed), String(result.steps)],
    result.minutes.toFixed(1),
    greedy === undefined ? '' : changeText(greedy),
    greedy === undefined ? '' : intervalText(greedy),
    greedy === undefined ? '' : pText(greedy.pValue),
    sampled === undefined ? '' : `${changeText(sampled.passK)} (k = ${String(sampled.samples)})`,
  ];
}

function candidateTable(results: readonly RecordedResult[]): string {
  return table(
    ['what', 'arm', 'steps', 'tasks', 'greedy', 'untaught', 'taught', 'pass@k'],
    results.map((result) => [
      result.settings.map((setting) => `\`${setting}\``).join(', '),
      ...[result.arm, String(result.steps), String(result.report.tasks)],
      result.report.greedy === undefined ? '' : changeText(result.report.greedy),
      partText(result, 'untaught'),
      partText(result, 'taught'),
      result.report.sampled === undefined ? '' : changeText(result.report.sampled.passK),
    ]),
  );
}

function partText(result: RecordedResult, stratum: string): string {
  const found = partOf(result, stratum);
  return found === undefined ? '' : changeText(found.greedy);
}

function courseText(
  { course }: RecordedResult,
  name: string,
  write: (value: number) => string = percent,
): string {
  const values = course[name];
  return values === undefined ? '' : values.map(write).join(' → ');
}

function startText({ curve }: RecordedResult): string {
  const rates = curve.flatMap(({ rates: of }) => of['startSolveRate'] ?? []);
  return rates.length < 2 ? '' : `${percent(rates[0]!)} → ${percent(rates.at(-1)!)}`;
}
