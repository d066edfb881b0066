/** Results of experiments, one JSON object per line, so that tables can be made without new runs. */
import { appendFile, readFile } from 'node:fs/promises';
import path from 'node:path';

import type { PartChange } from '../../server/protocol/learning.ts';
import type { ExperimentResult } from './experiment.ts';
import type { ShortRunResult } from './shortRun.ts';

const FILE = path.join(import.meta.dirname, 'experiments.jsonl');
const SHORT_RUNS = path.join(import.meta.dirname, 'shortRuns.jsonl');

export interface RecordedShortRun extends ShortRunResult {
  readonly arm: string;
  readonly seed: number;
}

export interface RecordedResult extends ExperimentResult {
  /** What the run was made for: `headline` counts in the report's main table, others stand beside it. */
  readonly table: string;
}

/** What the run says about a stratum of the held-out tasks, if it has it. */
export function partOf({ report }: ExperimentResult, stratum: string): PartChange | undefined {
  return report.parts.find(({ part }) => 'stratum' in part && part.stratum === stratum);
}

export async function recordResult(result: RecordedResult): Promise<void> {
  await appendFile(FILE, `${JSON.stringify(result)}\n`);
}

/** In the order in which they were made. */
export function recordedResults(): Promise<RecordedResult[]> {
  return readLines(FILE);
}

export async function recordShortRun(run: RecordedShortRun): Promise<void> {
  await appendFile(SHORT_RUNS, `${JSON.stringify(run)}\n`);
}

/** The runs that the pass marks of the tests were set from. */
export function recordedShortRuns(): Promise<RecordedShortRun[]> {
  return readLines(SHORT_RUNS);
}

async function readLines<Line>(file: string): Promise<Line[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Line);
}
