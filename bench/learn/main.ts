/**
 * Shows what the loop learns, and what makes it learn.
 *
 *   npm run learn                            the headline: `studio` with seeds 1 to 3; writes docs/learning.md
 *   npm run learn -- --arm NAME [--seed N] [--steps N] [--set name=value …] [--table NAME] [--dry]
 *                                            one more run, kept among the results; see arms.ts
 *   npm run learn -- --short [--arm NAME] [--seed N]
 *                                            a run as the tests make it, to set their pass marks from
 *   npm run learn -- --model smollm2-135m --cruxeval FILE [--minutes N | --steps N] [--seed N] [--dry]
 *                    [--cruxeval-items N] [--probe-tasks N]
 *                                            the same recipe on a larger model, for a quarter of an hour on
 *                                            a GPU; see docs/measuring.md
 *   npm run learn -- --report                only rewrites docs/learning.md
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { ProblemError } from '../../server/protocol/problem.ts';
import { exitCodeOf, failureText } from '../../server/src/cli/failure.ts';
import { armNamed } from './arms.ts';
import { type LearnRequest, parseLearnArguments } from './arguments.ts';
import { type ExperimentRequest, runExperiment } from './experiment.ts';
import { compositionText, writeLargerHeldOut } from './largerHeldOut.ts';
import { writeReport } from './report.ts';
import { recordedResults, recordedShortRuns, recordResult, recordShortRun } from './results.ts';
import { shortRun } from './shortRun.ts';

try {
  await answer(parseLearnArguments(process.argv.slice(2)));
} catch (error) {
  // What was made for a person is told like one; a defect keeps its stack.
  if (!(error instanceof ProblemError)) throw error;
  process.stderr.write(`${failureText(error)}\n`);
  process.exitCode = exitCodeOf(error);
}

async function answer(request: LearnRequest): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'azr-learn-files-'));
  try {
    if (request.kind === 'short') await makeShortRuns(request);
    if (request.kind === 'runs') await makeRuns(request, folder);
  } finally {
    await rm(folder, { recursive: true });
  }
  if (request.isDry) return;
  await writeReport(path.join(import.meta.dirname, '../../docs'), {
    results: await recordedResults(),
    shortRuns: await recordedShortRuns(),
  });
}

async function makeShortRuns({ arm, seeds, isDry }: LearnRequest): Promise<void> {
  for (const seed of seeds) {
    const result = { arm, seed, ...(await shortRun({ arm, seed })) };
    if (!isDry) await recordShortRun(result);
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }
}

async function makeRuns(request: LearnRequest, folder: string): Promise<void> {
  const { arm, steps, settings, table, isDry } = request;
  const larger = request.larger && (await largerOf(request, request.larger, folder));
  for (const seed of request.seeds) {
    const result = await runExperiment({
      ...{ arm, seed, steps, settings },
      ...(larger && { larger }),
    });
    if (!isDry) await recordResult({ table, ...result });
    const { minutes, report } = result;
    const { greedy, sampled, parts } = report;
    const shown = { arm, seed, settings, minutes, greedy, sampled, ...(larger && { parts }) };
    process.stdout.write(`${JSON.stringify(shown)}\n`);
  }
}

/** Writes the held-out tasks of a larger model, and says which they are. */
async function largerOf(
  { arm, settings }: LearnRequest,
  wanted: NonNullable<LearnRequest['larger']>,
  folder: string,
): Promise<NonNullable<ExperimentRequest['larger']>> {
  const probe = path.join(folder, 'probe.jsonl');
  const all = [...armNamed(arm).settings, ...settings];
  const heldOut = await writeLargerHeldOut(wanted, all, probe);
  process.stderr.write(`${compositionText(heldOut)}\n`);
  return { model: wanted.model, probe, heldOut };
}
