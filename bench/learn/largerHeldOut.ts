/** The held-out tasks of a larger model: some of the embedded model's, and items of CRUXEval. */
import { ProblemError } from '../../server/protocol/problem.ts';
import { readFile, writeFile } from 'node:fs/promises';

import type { HeldOutTask } from '../../server/protocol/heldOut.ts';
import { RandomStream } from '../../server/src/method/randomStream.ts';
import { settingsLayers } from '../../server/src/cli/settingsOptions.ts';
import { cellsOf } from '../../server/src/statistics/cells.ts';
import { readTasks } from '../../server/src/run/heldOutTasks.ts';
import { EMBEDDED_MODEL, openModelFolder } from '../../server/src/machine/models/modelFolder.ts';
import { openGrader } from '../../server/src/run/openGrader.ts';
import { prepareNewRun } from '../../server/src/run/prepareRun.ts';
import {
  type CruxevalItem,
  type CruxevalTasks,
  cruxevalTasks,
  drawCruxeval,
  type LeftOut,
  parseCruxeval,
} from './cruxeval.ts';

/** The same tasks in every run, whatever its seed. */
const DRAW_SEED = 20_250_506;

export interface LargerHeldOutRequest {
  readonly model: string;
  /** How many of the embedded model's held-out tasks are asked, of all modes and strata alike. */
  readonly probeTasks: number;
  /** A file of CRUXEval, and how many of its items are drawn. */
  readonly cruxeval?: { readonly file: string; readonly items: number };
}

/** What a larger model was asked; kept with the result. */
export interface HeldOutComposition {
  readonly probeTasks: number;
  readonly cruxeval?: {
    readonly drawn: number;
    readonly leftOut: LeftOut;
  };
}

/**
 * Writes the tasks to `output`. Throws before anything is executed where the model is not on this
 * machine: what to do then is the product's to say.
 * @param settings those of the run, as `name=value`: its sandbox executes the items
 */
export async function writeLargerHeldOut(
  { model, probeTasks, cruxeval }: LargerHeldOutRequest,
  settings: readonly string[],
  output: string,
): Promise<HeldOutComposition> {
  const layers = await settingsLayers(undefined, { set: settings });
  const run = await prepareNewRun([...layers, { model, probe: 'none' }], 'the experiment');
  const { probeFile } = await openModelFolder(EMBEDDED_MODEL);
  const nano = someOfEach(await readTasks(probeFile!, 'probe'), probeTasks);
  const drawn = cruxeval === undefined ? [] : await drawnItems(cruxeval);
  const { tasks, leftOut } = await inSandbox(run.settings, drawn);
  const lines = [...nano, ...tasks].map((task) => `${JSON.stringify(task)}\n`);
  await writeFile(output, lines.join(''));
  return {
    probeTasks: nano.length,
    ...(cruxeval !== undefined && { cruxeval: { drawn: drawn.length, leftOut } }),
  };
}

/** What was asked and what was left out, as text. */
export function compositionText({ probeTasks, cruxeval }: HeldOutComposition): string {
  const nano = `${String(probeTasks)} held-out tasks of ${EMBEDDED_MODEL}`;
  if (cruxeval === undefined) return `${nano}.`;
  const { drawn, leftOut } = cruxeval;
  const reasons = Object.entries(leftOut).map(([reason, count]) => `${reason} ${String(count)}`);
  const sum = Object.values(leftOut).reduce((total, count) => total + count, 0);
  const left = sum === 0 ? 'none left out' : `${String(sum)} left out (${reasons.join(', ')})`;
  return `${nano}; ${String(drawn)} items of CRUXEval, each in both directions, ${left}.`;
}

/** `count` tasks, as even as can be over modes and strata, always the same ones, in the order of the set. */
export function someOfEach(tasks: readonly HeldOutTask[], count: number): HeldOutTask[] {
  const cells = cellsOf(tasks);
  const chosen = cells.flatMap((cell, index) => {
    const { mode, stratum } = cell[0]!;
    const share = Math.floor((count + cells.length - 1 - index) / cells.length);
    return new RandomStream(DRAW_SEED, JSON.stringify([mode, stratum])).sample(cell, share);
  });
  const isChosen = new Set(chosen);
  return tasks.filter((task) => isChosen.has(task));
}

async function drawnItems({
  file,
  items,
}: NonNullable<LargerHeldOutRequest['cruxeval']>): Promise<CruxevalItem[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new ProblemError({
      code: 'usage',
      message: `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      remedy: 'Name a file with one item of CRUXEval per line.',
    });
  }
  return drawCruxeval(parseCruxeval(text, file), items);
}

async function inSandbox(
  settings: Parameters<typeof openGrader>[0],
  items: readonly CruxevalItem[],
): Promise<CruxevalTasks> {
  if (items.length === 0) return { tasks: [], leftOut: {} };
  const opened = await openGrader(settings);
  try {
    return await cruxevalTasks(opened.grader, items);
  } finally {
    await opened.close();
  }
}
