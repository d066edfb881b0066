/**
 * `npm run bench:scale`: what viewers wait for in a run of a million tasks and ten million rollouts.
 * The run is generated into a temporary folder, which takes minutes and about 8 GB, and deleted.
 * `--tasks <count>` makes a smaller one; `--keep <file>` keeps the database, or measures one kept.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { generateRun } from './generate.ts';
import { type Measurement, measureQueries } from './measurements.ts';

const DEFAULT_TASKS = 1_000_000;
const SEED = 1;
const MEMORY_BUDGET_MB = 200;
const MEGABYTE = 2 ** 20;
/** The young heap of the thread of queries (queryThread.ts), whose figure counts all three parts of it. */
const YOUNG_HEAP = ['--max-semi-space-size=2'];

interface Report {
  readonly measurements: readonly Measurement[];
  readonly peakMemoryMb: number;
}

const { values } = parseArgs({
  options: {
    tasks: { type: 'string' },
    keep: { type: 'string' },
    /** Set by this program for the process that measures. */
    measure: { type: 'string' },
  },
});

if (values.measure !== undefined) {
  const measurements = measureQueries(values.measure);
  // A child has a memory of its own: what generating took does not count.
  const peakMemoryMb = process.resourceUsage().maxRSS / 1024;
  console.log(JSON.stringify({ measurements, peakMemoryMb } satisfies Report));
} else {
  const folder = mkdtempSync(path.join(tmpdir(), 'azr-scale-'));
  try {
    const database = values.keep ?? path.join(folder, 'run.db');
    if (!existsSync(database)) generate(database, wantedTasks(values.tasks));
    print(database, measureInChild(database));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function wantedTasks(text: string | undefined): number {
  const tasks = text === undefined ? DEFAULT_TASKS : Number(text);
  if (!Number.isSafeInteger(tasks) || tasks < 100) {
    throw new Error(`--tasks is ${String(text)}; give a whole number from 100 on.`);
  }
  return tasks;
}

function generate(database: string, tasks: number): void {
  const before = performance.now();
  const { steps, tasks: made, proposals, rollouts } = generateRun(database, { tasks, seed: SEED });
  const seconds = ((performance.now() - before) / 1000).toFixed(0);
  console.log(
    `${String(steps)} steps, ${String(made)} tasks, ${String(proposals)} proposals and ${String(rollouts)} rollouts generated in ${seconds} s.`,
  );
}

function measureInChild(database: string): Report {
  const child = spawnSync(
    process.execPath,
    [...process.execArgv, ...YOUNG_HEAP, import.meta.filename, '--measure', database],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 16 * MEGABYTE },
  );
  if (child.status !== 0) throw new Error('The process that measures failed.');
  return JSON.parse(child.stdout) as Report;
}

function print(database: string, { measurements, peakMemoryMb }: Report): void {
  const size = (statSync(database).size / MEGABYTE).toFixed(0);
  const cores = cpus().length;
  const [load = 0] = loadavg();
  const busy = load > cores;
  console.log(`run.db: ${size} MB. ${String(cores)} cores, load ${load.toFixed(1)}.`);
  console.log(
    busy
      ? 'Other programs keep the machine busy: budgets are compared with processor time.'
      : 'Budgets are compared with the longest wait.',
  );
  console.log(
    'First and median are whole answers. Searches answer others between windows: the rest is a window.\n',
  );
  console.log(row('what is asked', 'rows', 'first ms', 'median', 'longest', 'processor', 'budget'));
  const missed: string[] = [];
  const verdict = (name: string, figure: number, budget: number): string => {
    if (figure <= budget) return '';
    missed.push(name);
    return 'OVER';
  };
  for (const measured of measurements) {
    const { name, rows, firstMs, medianMs, worstMs, processorMs, budgetMs } = measured;
    const figures = [firstMs, medianMs, worstMs, processorMs].map((value) => value.toFixed(1));
    const over = verdict(name, busy ? processorMs : worstMs, budgetMs);
    console.log(row(name, String(rows), ...figures, String(budgetMs), over));
  }
  const memory = [peakMemoryMb.toFixed(0), String(MEMORY_BUDGET_MB)];
  const name = 'largest memory of the process, MB';
  const over = verdict(name, peakMemoryMb, MEMORY_BUDGET_MB);
  console.log(row(name, '', '', '', '', ...memory, over));
  console.log(
    missed.length === 0
      ? '\nEvery budget is met.'
      : `\nOver budget: ${String(missed.length)} of ${String(measurements.length + 1)}.`,
  );
  process.exitCode = missed.length === 0 ? 0 : 1;
}

function row(name: string, ...cells: readonly string[]): string {
  return [name.padEnd(58), ...cells.map((cell) => cell.padStart(9))].join(' ').trimEnd();
}
