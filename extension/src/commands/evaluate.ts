/** Evaluate: asks policies of a run, and models, the tasks of suites, and compares them. */
import { ProgressLocation } from 'vscode';

import {
  type EvaluateRequest,
  HELD_OUT_SUITE,
  type SuiteOverview,
  TASKS_SUITE,
} from '../../../server/protocol/evaluation.ts';
import { PACKAGED_MODEL } from '../../../server/protocol/modelNames.ts';
import type { RunOverview } from '../../../server/protocol/runs.ts';
import { t } from '../shown/safeText.ts';
import { window } from '../shown/safeWindow.ts';
import { runLabel } from '../state/runLabel.ts';
import type { Studio } from '../studio.ts';
import { taskOf } from './answers.ts';
import { runOfArgument } from './argument.ts';
import { ensureEngineKey } from './engineKey.ts';
import { evaluateInTurn } from './evaluateInTurn.ts';
import { missingSuites, requestsOf, SAMPLES, usualChoices } from './evaluationChoices.ts';
import { evaluationForm } from './evaluationForm.ts';
import { pickPolicies, pickSubjects, type Subject } from './evaluationSubjects.ts';
import { parentFolder } from './parentFolder.ts';

/** Of a run, or of models where there is none. */
export async function evaluate(studio: Studio, argument: unknown): Promise<void> {
  await studio.runs.load();
  const hasRun = studio.runs.all.some(canBeEvaluated);
  const run = hasRun
    ? await runOfArgument(studio, argument, {
        isEligible: canBeEvaluated,
        placeHolder: t('Run to evaluate'),
      })
    : undefined;
  if (hasRun && run === undefined) return;
  const title = run === undefined ? t('Evaluate Models') : t('Evaluate {0}', runLabel(run));
  const suites = studio.connection.request('azr/suites', {});
  const subjects = await pickSubjects(studio, run, title);
  if (subjects === undefined) return;
  const usual = usualChoices(usualSuite(subjects, await suites));
  const choices = await evaluationForm(usual, await suites, title);
  if (choices === undefined) return;
  for (const suite of missingSuites(choices, await suites)) await fetchSuite(studio, suite);
  await start(studio, requestsOf(choices), subjects);
}

/** Asks one task again of policies of its run: its history through training. */
export async function solveAgain(studio: Studio, argument: unknown): Promise<void> {
  const { runId, taskId } = await taskOf(studio, argument);
  const run = await runOfArgument(studio, runId, {
    isEligible: ({ id }) => id === runId,
    placeHolder: t('Run to evaluate'),
  });
  if (run === undefined) return;
  const subjects = await pickPolicies(studio, run, t('Policies to ask task {0}', taskId));
  if (subjects === undefined) return;
  await start(studio, [{ suite: TASKS_SUITE, taskIds: [taskId], samples: SAMPLES }], subjects);
}

function canBeEvaluated({ evaluation, lastStep }: RunOverview): boolean {
  return evaluation === undefined && lastStep >= 0;
}

/** Held-out tasks, where the first subject has some. */
function usualSuite([first]: readonly Subject[], [benchmark]: readonly SuiteOverview[]): string {
  const hasHeldOut = first !== undefined && ('runId' in first || first.model === PACKAGED_MODEL);
  return hasHeldOut || benchmark === undefined ? HELD_OUT_SUITE : benchmark.name;
}

/** Rejects with the server's problem, which says what is needed and where it can be put. */
async function fetchSuite({ connection }: Studio, { name, title }: SuiteOverview): Promise<void> {
  await window.withProgress(
    {
      location: ProgressLocation.Notification,
      title: t('Fetching the data of {0}', title),
      cancellable: true,
    },
    (_, token) => connection.request('azr/fetchSuite', { suite: name }, token),
  );
}

/** Starts the evaluations, and shows the first in the tree and in the dashboard. */
async function start(
  studio: Studio,
  asked: readonly Omit<EvaluateRequest, 'parentFolder' | 'subjects'>[],
  subjects: readonly Subject[],
): Promise<void> {
  const folder = await parentFolder(studio);
  if (folder === undefined) return;
  for (const subject of subjects) {
    if ('runId' in subject && !(await ensureEngineKey(studio, { runId: subject.runId }))) return;
  }
  const requests = asked.map((one) => ({ ...one, parentFolder: folder, subjects }));
  await evaluateInTurn(studio, requests);
}
