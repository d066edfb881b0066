/** Starts evaluations one after the other: side by side they would want the same processors and memory. */
import { ProgressLocation } from 'vscode';

import type { EvaluateRequest } from '../../../server/protocol/evaluation.ts';
import type { RunId } from '../../../server/protocol/runs.ts';
import { t } from '../shown/safeText.ts';
import { window } from '../shown/safeWindow.ts';
import { isLive } from '../state/runFacts.ts';
import type { Studio } from '../studio.ts';
import { cancellable } from './cancellable.ts';

/** The longest time that the next evaluation waits for the one before. */
const LONGEST_MS = 14 * 24 * 60 * 60_000;

/**
 * Resolves when the first evaluation is at work and shown; rejects with what its start failed with. The
 * others begin while this window is open, each when the one before has asked everything. The user who stops
 * one gives up those after it.
 */
export async function evaluateInTurn(
  studio: Studio,
  requests: readonly EvaluateRequest[],
): Promise<void> {
  const [first, ...others] = requests;
  if (first === undefined) return;
  const runId = await begin(studio, first);
  await studio.showRun(runId);
  studio.dashboard.show([runId], true);
  if (others.length === 0) return;
  goOn(studio, runId, others).catch((error: unknown) => {
    studio.tell(error);
  });
}

/** What is fetched and prepared first can take minutes, during which it can be cancelled. */
async function begin(studio: Studio, request: EvaluateRequest): Promise<RunId> {
  const { runId } = await cancellable(
    t('Preparing the evaluation of {0}', request.suite),
    (token) => studio.connection.request('azr/evaluate', request, token),
  );
  return runId;
}

async function goOn(
  studio: Studio,
  first: RunId,
  requests: readonly EvaluateRequest[],
): Promise<void> {
  let before = first;
  for (const [index, request] of requests.entries()) {
    const waiting = requests.slice(index).map(({ suite }) => suite);
    const ended = await window.withProgress(
      {
        location: ProgressLocation.Window,
        title: t('To be evaluated next: {0}', waiting.join(', ')),
      },
      () => studio.runs.until(before, (run) => !isLive(run), LONGEST_MS),
    );
    if (ended?.state !== 'finished') {
      void window.showInformationMessage(
        t('Not begun, since the evaluation before did not finish: {0}', waiting.join(', ')),
      );
      return;
    }
    before = await begin(studio, request);
    studio.runs.choose(before);
  }
}
