/** Whom *Evaluate…* asks: the policies of a run, and models that are on this machine. */
import { QuickPickItemKind } from 'vscode';

import type { EvaluateRequest } from '../../../server/protocol/evaluation.ts';
import { ProblemError } from '../../../server/protocol/problem.ts';
import type { RunOverview, StartChoice } from '../../../server/protocol/runs.ts';
import { foreignText, type SafeText, t } from '../shown/safeText.ts';
import { window, type SafeQuickPickItem } from '../shown/safeWindow.ts';
import { runLabel } from '../state/runLabel.ts';
import type { Studio } from '../studio.ts';

export type Subject = EvaluateRequest['subjects'][number];

type SubjectPick = SafeQuickPickItem & { readonly subject?: Subject };

/**
 * The policies of `run` and the models; the untrained policy and the newest checkpoint are chosen to begin
 * with. The policies are on screen before it is known which models there are. Undefined: given up.
 */
export async function pickSubjects(
  studio: Studio,
  run: RunOverview | undefined,
  title: SafeText,
): Promise<readonly Subject[] | undefined> {
  const machine = studio.connection.request('azr/machine', {});
  // Where the policies cannot be listed, that is told, and not what happened to this.
  machine.catch(() => undefined);
  const policies = run === undefined ? [] : policyPicks(run, await checkpointSteps(studio, run));
  const quickPick = window.createQuickPick<SubjectPick>();
  quickPick.title = title;
  quickPick.placeholder = t('Policies and models to ask; the others are compared with the first');
  quickPick.canSelectMany = true;
  quickPick.matchOnDescription = true;
  quickPick.busy = true;
  try {
    return await new Promise((resolve, reject) => {
      quickPick.onDidAccept(() => {
        const subjects = quickPick.selectedItems.flatMap(({ subject }) => subject ?? []);
        if (subjects.length > 0) resolve(subjects);
      });
      quickPick.onDidHide(() => {
        resolve(undefined);
      });
      fill(
        quickPick,
        policies,
        policies.filter(({ picked }) => picked),
      );
      quickPick.show();
      machine.then(({ choices }) => {
        const models = modelPicks(choices);
        const usual = run === undefined ? models.filter(({ subject }) => subject).slice(0, 1) : [];
        fill(quickPick, [...policies, ...models], [...quickPick.selectedItems, ...usual]);
        quickPick.busy = false;
      }, reject);
    });
  } finally {
    quickPick.dispose();
  }
}

function fill(
  quickPick: { items: readonly SubjectPick[]; selectedItems: readonly SubjectPick[] },
  items: readonly SubjectPick[],
  selected: readonly SubjectPick[],
): void {
  quickPick.items = items;
  quickPick.selectedItems = selected;
}

/** Policies of one run alone. Undefined: given up. */
export async function pickPolicies(
  studio: Studio,
  run: RunOverview,
  placeHolder: SafeText,
): Promise<readonly Subject[] | undefined> {
  const steps = await checkpointSteps(studio, run);
  if (steps.length === 0) {
    throw new ProblemError({
      code: 'no-checkpoint',
      message: t(
        '{0} keeps no checkpoint yet, so nothing can be compared with its start.',
        runLabel(run),
      ),
      remedy: t('Wait for one (setting checkpointEverySteps), or stop the run: it saves one.'),
    });
  }
  const chosen = await window.showQuickPick(policyPicks(run, steps), {
    canPickMany: true,
    title: t('Evaluate {0}', runLabel(run)),
    placeHolder,
  });
  const subjects = (chosen ?? []).flatMap(({ subject }) => subject ?? []);
  return subjects.length === 0 ? undefined : subjects;
}

async function checkpointSteps(studio: Studio, run: RunOverview): Promise<readonly number[]> {
  const { checkpointSteps: steps } = await studio.connection.request('azr/configuration', {
    runId: run.id,
  });
  return steps;
}

function policyPicks({ id: runId }: RunOverview, steps: readonly number[]): SubjectPick[] {
  const newest = steps.at(-1);
  return [
    { label: t('Before training'), picked: true, subject: { runId, step: 0 } },
    ...steps.map((step) => ({
      label: t('After step {0}', step),
      ...(step === newest && { description: t('newest'), picked: true }),
      subject: { runId, step },
    })),
  ];
}

/** Models that need not be fetched first. */
function modelPicks(choices: readonly StartChoice[]): SubjectPick[] {
  const models = choices.filter(({ kind, mustFetch }) => kind === 'model' && mustFetch !== true);
  if (models.length === 0) return [];
  return [
    { label: t('Models on this machine'), kind: QuickPickItemKind.Separator },
    ...models.map(({ label, detail, value }) => ({
      label: foreignText(label),
      description: foreignText(detail),
      subject: { model: value },
    })),
  ];
}
