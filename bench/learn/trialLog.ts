/** Keeps every trial that was run, good or bad, one JSON object per line, so that the report can show them all. */
import { existsSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import path from 'node:path';

import type { TrialResult } from './trial.ts';

const LOG_FILE = path.join(import.meta.dirname, 'trials.jsonl');

export async function recordTrial(result: TrialResult): Promise<void> {
  await appendFile(LOG_FILE, `${JSON.stringify(result)}\n`);
}

export async function recordedTrials(): Promise<TrialResult[]> {
  if (!existsSync(LOG_FILE)) {
    return [];
  }
  const lines = (await readFile(LOG_FILE, 'utf8')).split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as TrialResult);
}
