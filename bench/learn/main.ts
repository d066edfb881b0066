/**
 * Shows what the loop learns, and what makes it learn.
 *
 *   npm run learn                            the headline: `studio` with seeds 1 to 3; writes docs/learning.md
 *   npm run learn -- --arm NAME [--seed N] [--steps N] [--set name=value …] [--table NAME]
 *                                            one more run, kept among the results; see arms.ts
 *   npm run learn -- --short [--arm NAME] [--seed N]
 *                                            a run as the tests make it, to set their pass marks from
 *   npm run learn -- --report                only rewrites docs/learning.md
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { execa } from 'execa';

import { pythonStart } from '../../server/src/python/pythonStart.mjs';
import { enginePython } from '../../server/src/runner/enginePython.ts';
import { armNamed } from './arms.ts';
import { runExperiment } from './experiment.ts';
import { writeReport } from './report.ts';
import { recordedResults, recordedShortRuns, recordResult, recordShortRun } from './results.ts';
import { shortRun } from './shortRun.ts';

const HEADLINE = { arm: 'studio', seeds: ['1', '2', '3'] };
/** About fifteen minutes on two cores. */
const STEPS = '300';
const TEACHER_TASKS = 60_000;

const { values } = parseArgs({
  options: {
    arm: { type: 'string' },
    seed: { type: 'string', multiple: true, default: HEADLINE.seeds },
    steps: { type: 'string', default: STEPS },
    set: { type: 'string', multiple: true, default: [] },
    table: { type: 'string', default: 'headline' },
    report: { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
  },
});

const folder = await mkdtemp(path.join(tmpdir(), 'azr-teacher-'));
try {
  if (values.short) {
    const arm = values.arm ?? HEADLINE.arm;
    for (const seed of values.seed.map(Number)) {
      const result = { arm, seed, ...(await shortRun({ arm, seed })) };
      await recordShortRun(result);
      process.stdout.write(`${JSON.stringify(result)}\n`);
    }
  } else if (!values.report) {
    for (const seed of values.seed) await runArm(values.arm ?? HEADLINE.arm, Number(seed));
  }
} finally {
  await rm(folder, { recursive: true });
}
await writeReport(path.join(import.meta.dirname, '../../docs'), {
  results: await recordedResults(),
  shortRuns: await recordedShortRuns(),
});

async function runArm(arm: string, seed: number): Promise<void> {
  const teacherFile = path.join(folder, `${String(seed)}.jsonl`);
  if (armNamed(arm).needsTeacher === true) await writeTeacher(teacherFile, seed);
  const { set: settings, table } = values;
  const request = { arm, seed, steps: Number(values.steps), settings, teacherFile };
  const result = await runExperiment(request);
  await recordResult({ table, ...result });
  const { greedy, sampled } = result.report;
  const text = JSON.stringify({ arm, seed, settings, minutes: result.minutes, greedy, sampled });
  process.stdout.write(`${text}\n`);
}

/** Tasks of the embedded model's world, of every operator, none of them held out. */
async function writeTeacher(file: string, seed: number): Promise<void> {
  const options = ['--output', file, '--seed', String(seed), '--tasks', String(TEACHER_TASKS)];
  const packages = [path.join(import.meta.dirname, '../../server/nano')];
  await execa(enginePython(), ['-m', 'azr_nano.teacher', ...options], {
    ...pythonStart({ packages }),
    stdout: 'inherit',
    stderr: 'inherit',
  });
}
