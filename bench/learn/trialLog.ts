/** Keeps every trial that was run, good or bad, one JSON object per line, so that the report can show them all. */
import { existsSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import path from 'node:path';

import type { ShortRunResult } from './shortRun.ts';
import type { TrialResult } from './trial.ts';

const TRIALS = path.join(import.meta.dirname, 'trials.jsonl');
const SHORT_RUNS = path.join(import.meta.dirname, 'shortRuns.jsonl');

/** A run of the continuous integration's length, with the advantage as it is or with its sign broken. */
export interface RecordedShortRun extends ShortRunResult {
  readonly seed: number;
  readonly reversed: boolean;
}

export async function recordTrial(result: TrialResult): Promise<void> {
  await appendFile(TRIALS, `${JSON.stringify(result)}\n`);
}

export async function recordShortRun(result: RecordedShortRun): Promise<void> {
  await appendFile(SHORT_RUNS, `${JSON.stringify(result)}\n`);
}

export function recordedTrials(): Promise<TrialResult[]> {
  return records<TrialResult>(TRIALS);
}

export function recordedShortRuns(): Promise<RecordedShortRun[]> {
  return records<RecordedShortRun>(SHORT_RUNS);
}

async function records<Row>(file: string): Promise<Row[]> {
  if (!existsSync(file)) {
    return [];
  }
  const lines = (await readFile(file, 'utf8')).split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Row);
}
