/** Evaluate: asks policies of a run, and the model it started from, the held-out tasks, and compares them. */
import { ProblemError } from '../../../server/protocol/problem.ts';
import {
  type EvaluateRequest,
  HELD_OUT_SUITE,
  TASKS_SUITE,
} from '../../../server/protocol/evaluation.ts';
import type { RunOverview } from '../../../server/protocol/runs.ts';
import { type SafeText, t } from '../shown/safeText.ts';
import { window, type SafeQuickPickItem } from '../shown/safeWindow.ts';
import { runLabel } from '../state/runLabel.ts';
import type { Studio } from '../studio.ts';
import { TREE_VIEW_ID } from '../tree/taskTree.ts';
import { taskOf } from './answers.ts';
import { runOfArgument } from './argument.ts';
import { ensureEngineKey } from './engineKey.ts';
import { parentFolder } from './parentFolder.ts';

interface StepPick extends SafeQuickPickItem {
  readonly step: number;
}

/** Answers to each task beside the greedy one: as many as pass@k is customarily drawn up to. */
const SAMPLES = 16;

export async function evaluate(studio: Studio, argument: unknown): Promise<void> {
  const run = await runOfArgument(studio, argument, {
    isEligible: (one) => one.evaluation === undefined && one.lastStep >= 0,
    placeHolder: t('Run to evaluate'),
  });
  if (run === undefined) return;
  const steps = await pickSteps(studio, run, t('Policies to ask the held-out tasks'));
  if (steps === undefined) return;
  const samples = await pickSamples();
  if (samples === undefined) return;
  await start(studio, run, { suite: HELD_OUT_SUITE, samples }, steps);
}

/** Asks one task again of policies of its run: its history through training. */
export async function solveAgain(studio: Studio, argument: unknown): Promise<void> {
  const { runId, taskId } = await taskOf(studio, argument);
  const run = await runOfArgument(studio, runId, {
    isEligible: ({ id }) => id === runId,
    placeHolder: t('Run to evaluate'),
  });
  if (run === undefined) return;
  const steps = await pickSteps(studio, run, t('Policies to ask task {0}', taskId));
  if (steps === undefined) return;
  const asked = { suite: TASKS_SUITE, taskIds: [taskId], samples: SAMPLES };
  await start(studio, run, asked, steps);
}

/** The untrained policy and the checkpoints that are kept; the first and the newest are chosen to begin with. */
async function pickSteps(
  studio: Studio,
  run: RunOverview,
  placeHolder: SafeText,
): Promise<readonly number[] | undefined> {
  const { checkpointSteps } = await studio.connection.request('azr/configuration', {
    runId: run.id,
  });
  const newest = checkpointSteps.at(-1);
  if (newest === undefined) {
    throw new ProblemError({
      code: 'no-checkpoint',
      message: t(
        '{0} keeps no checkpoint yet, so nothing can be compared with its start.',
        runLabel(run),
      ),
      remedy: t('Wait for one (setting checkpointEverySteps), or stop the run: it saves one.'),
    });
  }
  const picks: StepPick[] = [
    { label: t('Before training'), step: 0, picked: true },
    ...checkpointSteps.map((step) => ({
      label: t('After step {0}', step),
      ...(step === newest && { description: t('newest'), picked: true }),
      step,
    })),
  ];
  const chosen = await window.showQuickPick(picks, {
    canPickMany: true,
    title: t('Evaluate {0}', runLabel(run)),
    placeHolder,
  });
  return chosen === undefined || chosen.length === 0 ? undefined : chosen.map(({ step }) => step);
}

async function pickSamples(): Promise<number | undefined> {
  const picks: readonly (SafeQuickPickItem & { readonly samples: number })[] = [
    {
      label: t('Greedily, and {0} times at temperature 1', SAMPLES),
      detail: t(
        'Shows both what the model answers and what it could answer: pass@k for k up to {0}.',
        SAMPLES,
      ),
      samples: SAMPLES,
    },
    {
      label: t('Greedily only'),
      detail: t('Much quicker: one answer to each task.'),
      samples: 0,
    },
  ];
  const placeHolder: SafeText = t('How each task is asked');
  return (await window.showQuickPick(picks, { placeHolder }))?.samples;
}

/** Starts the evaluation, and shows it in the tree and in the dashboard. */
async function start(
  studio: Studio,
  run: RunOverview,
  asked: Pick<EvaluateRequest, 'suite' | 'samples' | 'taskIds'>,
  steps: readonly number[],
): Promise<void> {
  const folder = await parentFolder(studio);
  if (folder === undefined || !(await ensureEngineKey(studio, { runId: run.id }))) return;
  const subjects = steps.map((step) => ({ runId: run.id, step }));
  const { runId } = await window.withProgress({ location: { viewId: TREE_VIEW_ID } }, () =>
    studio.connection.request('azr/evaluate', { ...asked, parentFolder: folder, subjects }),
  );
  await studio.showRun(runId);
  studio.dashboard.show([runId], true);
}
