/** Compare: shows runs, checkpoints and subjects of evaluations side by side. */
import { type Measurement, MOST_COMPARED } from '../../../server/protocol/comparison.ts';
import { ProblemError } from '../../../server/protocol/problem.ts';
import { newestFirst } from '../../../server/protocol/runOrder.ts';
import type { RunOverview } from '../../../server/protocol/runs.ts';
import { measurementsIn } from '../panels/pageMessage.ts';
import { foreignText, t } from '../shown/safeText.ts';
import { window, type SafeQuickPickItem } from '../shown/safeWindow.ts';
import { runLabel } from '../state/runLabel.ts';
import type { Studio } from '../studio.ts';
import { isTreeNode, runOf, type TreeNode } from '../tree/treeNode.ts';

interface MeasurementPick extends SafeQuickPickItem {
  readonly value: Measurement;
}

/** After every step. */
const LATEST = Number.MAX_SAFE_INTEGER;

/** @param selection what else is chosen in the tree, `argument` included */
export async function compare(
  studio: Studio,
  argument: unknown,
  selection: unknown,
): Promise<void> {
  await studio.runs.load();
  const asked = askedMeasurements(argument);
  if (asked !== undefined) {
    studio.comparison.show(asked);
    return;
  }
  const chosen = treeMeasurements(argument, selection) ?? (await pickMeasurements(studio));
  if (chosen === undefined || chosen.length === 0) return;
  if (chosen.length > MOST_COMPARED) {
    throw new ProblemError({
      code: 'usage',
      message: t(
        '{0} measurements are chosen, and {1} fit beside each other.',
        chosen.length,
        MOST_COMPARED,
      ),
      remedy: t('Choose fewer.'),
    });
  }
  studio.comparison.show(withBaseline(inOrder(studio.runs.all, chosen)));
}

function treeMeasurements(argument: unknown, selection: unknown): Measurement[] | undefined {
  const nodes = (Array.isArray(selection) ? selection : [argument]).filter(isTreeNode);
  const found = nodes.flatMap(measurementsOf);
  return found.length === 0 ? undefined : found;
}

/** What a page asks for, in its own order. */
function askedMeasurements(argument: unknown): readonly Measurement[] | undefined {
  const isAsked = typeof argument === 'object' && argument !== null && 'measurements' in argument;
  return isAsked ? measurementsIn(argument.measurements) : undefined;
}

/** A step as it is; a run by its latest measurement, an evaluation by all its subjects. */
function measurementsOf(node: TreeNode): Measurement[] {
  const run = runOf(node)?.run;
  if (run === undefined) return [];
  if (node.kind === 'step') return [{ runId: run.id, step: node.step.step }];
  return run.evaluation === undefined ? [{ runId: run.id }] : subjectsOf(run);
}

/** Those that were asked so far. */
function subjectsOf({ id, lastStep }: RunOverview): Measurement[] {
  return Array.from({ length: lastStep + 1 }, (_, step) => ({ runId: id, step }));
}

/** Earlier runs first, and of each its earlier steps: the first is what the others are compared with. */
function inOrder(
  runs: readonly RunOverview[],
  chosen: readonly Measurement[],
): readonly Measurement[] {
  const ids = newestFirst(runs).map(({ id }) => id);
  return chosen.toSorted(
    (left, right) =>
      ids.indexOf(right.runId) - ids.indexOf(left.runId) ||
      (left.step ?? LATEST) - (right.step ?? LATEST),
  );
}

/** What is chosen alone is compared with what its run started from, or its evaluation's first subject. */
function withBaseline(chosen: readonly Measurement[]): readonly Measurement[] {
  const [only] = chosen;
  if (only === undefined || chosen.length > 1 || only.step === 0) return chosen;
  return [{ runId: only.runId, step: 0 }, only];
}

async function pickMeasurements(studio: Studio): Promise<readonly Measurement[] | undefined> {
  const picks = newestFirst(studio.runs.all).flatMap(picksOf);
  if (picks.length === 0) {
    throw new ProblemError({
      code: 'no-run',
      message: t('No run or evaluation has answered held-out tasks yet.'),
      remedy: t('Start a run with "Start AZR Run", or wait for its first measurement.'),
    });
  }
  const chosen = await window.showQuickPick(picks, {
    canPickMany: true,
    title: t('Compare'),
    placeHolder: t('Runs and subjects of evaluations to compare'),
    matchOnDescription: true,
  });
  return chosen?.map(({ value }) => value);
}

function picksOf(run: RunOverview): MeasurementPick[] {
  const label = runLabel(run);
  if (run.evaluation !== undefined) {
    return subjectsOf(run).map((value) => ({
      label: foreignText(run.evaluation?.subjects[value.step ?? 0] ?? ''),
      description: label,
      value,
    }));
  }
  if (run.heldOutBefore === undefined) return [];
  return [
    { label, description: t('latest measurement'), value: { runId: run.id } },
    { label, description: t('before training'), value: { runId: run.id, step: 0 } },
  ];
}
