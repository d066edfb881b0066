/** Random tasks of the embedded model's world, written by a Python program of ours. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { execa } from 'execa';

import type { HeldOutTask } from '../../../protocol/heldOut.ts';
import { ProblemError } from '../../../protocol/problem.ts';
import type { RunSettings } from '../../../protocol/settings.ts';
import { MODES } from '../../../protocol/vocabulary.ts';
import { assetRoot } from '../../machine/assets.ts';
import { enginePython } from '../../machine/enginePython.ts';
import { pythonStart } from '../../python/pythonStart.mjs';
import { readTasks } from '../heldOutTasks.ts';

/** Some ten megabytes of text. */
const MOST_TASKS = 48_000;

/**
 * As many tasks as the steps of a run take, the modes in turn; a longer run takes them again. They are not
 * executed yet. Rejects with ProblemError `unsuitable-tasks` for a dialect that the generator does not write
 * for, `no-python` where Python fails, or the reason of `signal`.
 */
export async function generatedTasks(
  { seed, steps, proposalsPerMode }: RunSettings,
  dialect: string,
  signal: AbortSignal,
): Promise<readonly HeldOutTask[]> {
  if (dialect !== 'compact') {
    throw new ProblemError({
      code: 'unsuitable-tasks',
      message: `The generator writes tasks for azr-nano alone, and this model is asked in the dialect "${dialect}".`,
      remedy: 'Set "tasks" to a file with one task per line, or to "model".',
    });
  }
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
