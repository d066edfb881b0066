/** Tells the user what went wrong and offers what can be done about it. One place, so that it is said alike. */
import { commands, type LogOutputChannel } from 'vscode';

import { actionAgainst } from '../../server/protocol/problem.ts';
import { visibleText } from '../../server/protocol/visibleText.ts';
import { isCancellation, problemOf } from './connection/problemOf.ts';
import { remedyCommand } from './remedyCommand.ts';
import { foreignText, joined, t } from './shown/safeText.ts';
import { window } from './shown/safeWindow.ts';

/** Shows the problem behind an error; a request that was given up is none. */
export async function tellProblem(log: LogOutputChannel, error: unknown): Promise<void> {
  if (isCancellation(error)) return;
  const problem = problemOf(error);
  const message = foreignText(problem.message);
  log.error(
    `${problem.code}: ${message}`,
    error instanceof Error ? visibleText(error.stack ?? '') : '',
  );
  const action = actionAgainst(problem);
  const remedy = action && remedyCommand(action);
  const showLog = t('Show Log');
  const actions = remedy === undefined ? [showLog] : [remedy.title, showLog];
  const text = joined([message, foreignText(problem.remedy)], ' ');
  const chosen = await window.showErrorMessage(text, ...actions);
  if (chosen === showLog) log.show();
  else if (chosen !== undefined && remedy !== undefined) {
    await commands.executeCommand(remedy.command);
  }
}

/** A page of an older or newer extension is open: only a reload brings the two together. */
export async function tellStalePage(): Promise<void> {
  const reload = t('Reload Window');
  const chosen = await window.showWarningMessage(
    t('AZR Studio was updated while this window was open. Reload the window to continue.'),
    reload,
  );
  if (chosen === reload) await commands.executeCommand('workbench.action.reloadWindow');
}
