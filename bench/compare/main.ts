/**
 * Sets self-play beside learning from given tasks, at equal generated tokens.
 *
 *   npm run compare                               makes the runs that are missing of the seeds 1 to 3
 *   npm run compare -- --source NAME --seed N     one of them; see sources.ts
 *   npm run compare -- --report                   only rewrites the table and the picture of docs/evaluation.md
 */
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { generatedPrograms } from '../../server/src/run/given/generateTasks.ts';
import { completeSettings } from '../../server/src/settings/settings.ts';
import { runExperiment } from '../learn/experiment.ts';
import { type ComparedResult, writeComparison } from './report.ts';
import { type Source, sourceNamed, SOURCES } from './sources.ts';

const RESULTS = path.join(import.meta.dirname, 'results.jsonl');
const DOCS = path.join(import.meta.dirname, '../../docs');
const SEEDS = ['1', '2', '3'];
/** Of the data set: 1,000 tasks of each mode, of every operator, the same whatever the seed of a run. */
const DATA = { seed: 0, steps: 100, proposalsPerMode: 10 };
const MEASURED = ['probeSamples=8', 'probeSampleEverySteps=1000'];

const { values } = parseArgs({
  options: {
    source: { type: 'string', multiple: true },
    seed: { type: 'string', multiple: true, default: SEEDS },
    report: { type: 'boolean', default: false },
  },
});
if (!values.report) {
  const sources = values.source?.map(sourceNamed) ?? SOURCES;
  for (const seed of values.seed.map(Number)) {
    for (const source of sources) await makeRun(source, seed);
  }
}
await writeComparison(DOCS, await recorded());

async function makeRun(source: Source, seed: number): Promise<void> {
  const before = await recorded();
  if (before.some((one) => one.source === source.name && one.seed === seed)) return;
  process.stdout.write(`${source.name}, seed ${String(seed)}\n`);
  const folder = await mkdtemp(path.join(tmpdir(), 'azr-compare-'));
  try {
    const { arm, steps, hasData } = source;
    const data = hasData ? [`tasks=${await writeData(folder)}`] : [];
    const settings = [...MEASURED, ...data];
    const result = await runExperiment({ arm, seed, steps, settings });
    const kept: ComparedResult = { source: source.name, ...result, settings: MEASURED };
    await appendFile(RESULTS, `${JSON.stringify(kept)}\n`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeData(folder: string): Promise<string> {
  const settings = completeSettings([DATA], 'the data set');
  const tasks = await generatedPrograms(settings, new AbortController().signal);
  const file = path.join(folder, 'data.jsonl');
  await writeFile(file, tasks.map((task) => JSON.stringify(task)).join('\n'));
  return file;
}

async function recorded(): Promise<ComparedResult[]> {
  if (!existsSync(RESULTS)) return [];
  const lines = (await readFile(RESULTS, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as ComparedResult);
}
