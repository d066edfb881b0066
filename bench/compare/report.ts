/** Writes the comparison into docs/evaluation.md, between two marks, and its picture beside it. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { mean } from '../../server/src/statistics/cells.ts';
import { curveChart } from '../learn/curveChart.ts';
import type { ExperimentResult } from '../learn/experiment.ts';
import { changeText, intervalText, percent, pText, table } from '../learn/reportText.ts';
import { partOf } from '../learn/results.ts';
import { writeMarkedPart } from './markedPart.ts';
import { type Source, SOURCES } from './sources.ts';

export interface ComparedResult extends ExperimentResult {
  /** See sources.ts. */
  readonly source: string;
}

/** Rejects where the page lacks the marks. Without results, page and picture stay as they are. */
export async function writeComparison(
  docs: string,
  results: readonly ComparedResult[],
): Promise<void> {
  if (results.length === 0) return;
  const text = `${meansTable(results)}\n\n${runsTable(results)}`;
  await writeMarkedPart(path.join(docs, 'evaluation.md'), 'npm run compare', text);
  await writeFile(path.join(docs, 'compare.svg'), picture(results));
}

/** One row per source, each figure the mean over its seeds. */
function meansTable(results: readonly ComparedResult[]): string {
  const rows = ofSources(results).map(([{ name, description }, own]) => {
    const greedy = own.map(({ report }) => report.greedy!);
    const passK = own.map(({ report }) => report.sampled!.passK);
    return [
      ...[name, description, String(own.length)],
      thousands(mean(own.map(generatedTokens))),
      percent(mean(greedy.map(({ after }) => after))),
      percent(mean(own.map((result) => partOf(result, 'untaught')?.greedy.after ?? NaN))),
      percent(mean(passK.map(({ after }) => after))),
    ];
  });
  const [first] = results;
  const base = [
    ...['untouched base', 'the embedded model before any run', '', '0'],
    percent(first!.report.greedy!.before),
    percent(partOf(first!, 'untaught')?.greedy.before ?? NaN),
    percent(mean(results.map(({ report }) => report.sampled!.passK.before))),
  ];
  const header = ['tasks from', 'what it is', 'seeds', 'tokens generated', 'greedy'];
  return table([...header, 'untaught operators', 'pass@8'], [...rows, base]);
}

/** One row per run, with the interval over its tasks. */
function runsTable(results: readonly ComparedResult[]): string {
  const rows = ofSources(results).flatMap(([{ name }, own]) =>
    own.map((result) => {
      const greedy = result.report.greedy!;
      const { passK } = result.report.sampled!;
      return [
        ...[name, String(result.seed), String(result.steps), thousands(generatedTokens(result))],
        ...[changeText(greedy), intervalText(greedy), pText(greedy.pValue)],
        ...[changeText(passK), intervalText(passK)],
      ];
    }),
  );
  const header = ['tasks from', 'seed', 'steps', 'tokens generated', 'greedy', 'gain, 99 %'];
  return table([...header, 'p', 'pass@8', 'gain, 99 %'], rows);
}

/** Greedy rate over generated tokens, each the mean over the seeds at the same step. */
function picture(results: readonly ComparedResult[]): string {
  const series = ofSources(results).map(([{ name, colour }, own]) => ({
    ...{ label: name, colour, width: name === SOURCES[0]!.name ? 3 : 1.5 },
    points: own[0]!.curve.map(({ step }) => {
      const points = own.flatMap(({ curve }) => curve.find((point) => point.step === step) ?? []);
      const tokens = mean(points.map((point) => point.generatedTokens));
      return [tokens / 1000, mean(points.map(({ rates }) => rates['greedy.mean'] ?? NaN))] as const;
    }),
  }));
  return curveChart('Held-out tasks answered right, greedily', 'thousand tokens generated', series);
}

/** Sources that have results, in their order, each with its results by seed. */
function ofSources(
  results: readonly ComparedResult[],
): readonly (readonly [Source, readonly ComparedResult[]])[] {
  return SOURCES.flatMap((source) => {
    const own = results
      .filter((result) => result.source === source.name)
      .sort((left, right) => left.seed - right.seed);
    return own.length === 0 ? [] : [[source, own] as const];
  });
}

function generatedTokens({ curve }: ComparedResult): number {
  return curve.at(-1)?.generatedTokens ?? 0;
}

function thousands(count: number): string {
  return `${String(Math.round(count / 1000))} k`;
}
