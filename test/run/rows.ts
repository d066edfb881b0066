import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { RunReader } from '../../server/src/store/runReader.ts';

const TABLES = [
  ...['step', 'prompt', 'rollout', 'reward_term', 'execution', 'proposal', 'task', 'baseline'],
  ...['metric', 'checkpoint', 'rollout_pack', 'prompt_pack', 'completion_size'],
  ...['task_attempt', 'harvest', 'gold_document'],
];

/** What differs between two runs that did the same: when, how fast, and with how much memory. */
const MEASURED = ['started_at', 'duration_ms', 'cpu_ms', 'memory_kb'];
/** Metrics that are wall times. */
const TIME_METRIC = /^phase\.\w+\.durationMs$/;

/** Every row of the run in `folder`, by table, without what is measured of the machine. */
export function rowsOf(folder: string): Record<string, unknown[]> {
  const database = new DatabaseSync(path.join(folder, 'run.db'), { readOnly: true });
  const rows = TABLES.map((table) => {
    const all = database.prepare(`SELECT * FROM ${table}`).all();
    const repeatable = all.filter(
      (row) => table !== 'metric' || !TIME_METRIC.test(String(row['name'])),
    );
    const stable = repeatable.map((row) =>
      Object.fromEntries(Object.entries(row).filter(([column]) => !MEASURED.includes(column))),
    );
    return [table, stable] as const;
  });
  database.close();
  return Object.fromEntries(rows);
}

/** What `use` reads of the run in `folder`. */
export function readRun<Value>(folder: string, use: (reader: RunReader) => Value): Value {
  const reader = RunReader.open(path.join(folder, 'run.db'));
  try {
    return use(reader);
  } finally {
    reader.close();
  }
}
