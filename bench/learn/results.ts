/** Results of experiments, one JSON object per line, so that tables can be made without new runs. */
import { appendFile, readFile } from 'node:fs/promises';
import path from 'node:path';

import type { ExperimentResult } from './experiment.ts';

const FILE = path.join(import.meta.dirname, 'experiments.jsonl');

export interface RecordedResult extends ExperimentResult {
  /** What the run was made for: `headline` counts in the report's main table, others stand beside it. */
  readonly table: string;
}

export async function recordResult(result: RecordedResult, file = FILE): Promise<void> {
  await appendFile(file, `${JSON.stringify(result)}\n`);
}

/** In the order in which they were made. */
export async function recordedResults(file = FILE): Promise<RecordedResult[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as RecordedResult);
}
