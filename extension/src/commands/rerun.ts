/** Runs a task, an answer or a scratch file again in the sandbox and shows fresh beside stored. */
import { ProblemError } from '../../../server/protocol/problem.ts';
import { ProgressLocation } from 'vscode';

import { rerunTarget } from '../documents/rerunTarget.ts';
import { rerunText } from '../documents/rerunText.ts';
import { t } from '../localise.ts';
import { rerunTimes } from '../settings.ts';
import { foreignText, withIcon } from '../shown/safeText.ts';
import { window } from '../shown/safeWindow.ts';
import type { Studio } from '../studio.ts';
import { documentOf, documentUriOf } from './argument.ts';

/** How long the status bar keeps the summary. */
const SUMMARY_MS = 10_000;

export function rerunOnce(studio: Studio, argument: unknown): Promise<void> {
  return rerun(studio, argument, 1);
}

export function rerunMany(studio: Studio, argument: unknown): Promise<void> {
  return rerun(studio, argument, rerunTimes());
}

async function rerun(studio: Studio, argument: unknown, times: number): Promise<void> {
  const uri = documentUriOf(argument);
  const document = await documentOf(uri);
  const target = rerunTarget(uri, () => document.getText());
  if (target === undefined) throw nothingToRun(uri);
  const result = await window.withProgress(
    { location: ProgressLocation.Window, title: t('Running in the sandbox…') },
    () => studio.connection.request('azr/rerun', { target, times }),
  );
  studio.output.appendLine(rerunText(result, new Date()));
  studio.output.show(true);
  const icon = result.problem === undefined ? 'beaker' : 'warning';
  window.setStatusBarMessage(withIcon(icon, foreignText(result.summary)), SUMMARY_MS);
}

function nothingToRun(uri: string): ProblemError {
  return new ProblemError({
    code: 'nothing-to-run',
    message: t('{0} holds nothing that can be run.', uri),
    remedy: t('Open a task, an answer or a scratch file.'),
  });
}
