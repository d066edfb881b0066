/**
 * Random tasks: for the embedded model, programs of its world, written by a Python program of ours; for a model
 * that reads text, puzzles that reasoning-gym draws.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { execa } from 'execa';

import type { HeldOutTask, InspectedTask } from '../../../protocol/heldOut.ts';
import { ProblemError } from '../../../protocol/problem.ts';
import type { RunSettings } from '../../../protocol/settings.ts';
import { MODES } from '../../../protocol/vocabulary.ts';
import { assetRoot } from '../../machine/assets.ts';
import { enginePython } from '../../machine/enginePython.ts';
import { withoutProgram } from '../../method/measuring/inspectHeldOut.ts';
import { pythonStart } from '../../python/pythonStart.mjs';
import { furtherItems } from '../../suites/reasoningGym/reasoningGym.ts';
import type { LoadContext } from '../../suites/suite.ts';
import { suitesCache } from '../../suites/suiteOverviews.ts';
import { readTasks } from '../heldOutTasks.ts';

/** Some ten megabytes of text. */
const MOST_TASKS = 48_000;

/**
 * As many tasks as the steps of a run take, the modes in turn; a longer run takes them again. They are not
 * executed yet. Rejects with ProblemError `no-python` where Python fails, or the reason of `signal`.
 */
export async function generatedPrograms(
  { seed, steps, proposalsPerMode }: RunSettings,
  signal: AbortSignal,
): Promise<readonly HeldOutTask[]> {
  const count = Math.min(MOST_TASKS, steps * proposalsPerMode * MODES.length);
  const folder = await mkdtemp(path.join(tmpdir(), 'azr-tasks-'));
  try {
    const file = path.join(folder, 'tasks.jsonl');
    await runGenerator(
      ['--output', file, '--seed', String(seed), '--tasks', String(count)],
      signal,
    );
    return await readTasks(file, 'tasks');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Puzzles of reasoning-gym, none of which is an item of the suite of that name; at least as many as the steps of
 * a run take, up to some 53,000. Rejects like the suite where its data are not here.
 */
export async function generatedPuzzles(
  { steps, proposalsPerMode }: RunSettings,
  context: Pick<LoadContext, 'sandbox' | 'signal' | 'onProgress'>,
): Promise<readonly InspectedTask[]> {
  const count = steps * proposalsPerMode;
  const { items } = await furtherItems(count, { ...context, cacheFolder: suitesCache() });
  return items.map(({ task }) => withoutProgram(task));
}

async function runGenerator(options: readonly string[], signal: AbortSignal): Promise<void> {
  const packages = [path.join(assetRoot(), 'server', 'nano')];
  const result = await execa(enginePython(), ['-m', 'azr_nano.teacher', ...options], {
    ...pythonStart({ packages }),
    ...{ cancelSignal: signal, reject: false, stdin: 'ignore' },
  });
  signal.throwIfAborted();
  if (!result.failed) return;
  throw new ProblemError({
    code: 'no-python',
    message: `Python cannot generate tasks: ${result.stderr.trim().split('\n').at(-1) ?? ''}`,
    remedy: 'Run "azr doctor", which says what Python lacks.',
  });
}
