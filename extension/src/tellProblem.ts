/** Tells the user what went wrong and offers what can be done about it. One place, so that it is said alike. */
import { commands, window, type LogOutputChannel } from 'vscode';

import { isCancellation, problemOf } from './connection/problemOf.ts';
import { t } from './localise.ts';
import { remedyCommand } from './remedyCommand.ts';

/** Shows the problem behind an error; a request that was given up is none. */
export async function tellProblem(log: LogOutputChannel, error: unknown): Promise<void> {
  if (isCancellation(error)) return;
  const problem = problemOf(error);
  log.error(`${problem.code}: ${problem.message}`, error instanceof Error ? error.stack : '');
  const remedy = remedyCommand(problem.code);
  const showLog = t('Show Log');
  const actions = remedy === undefined ? [showLog] : [remedy.title, showLog];
  const chosen = await window.showErrorMessage(`${problem.message} ${problem.remedy}`, ...actions);
  if (chosen === showLog) log.show();
  else if (chosen !== undefined && remedy !== undefined) {
    await commands.executeCommand(remedy.command);
  }
}

/** A page of an older or newer extension is open: only a reload brings the two together. */
export async function tellStalePage(): Promise<void> {
  const reload = t('Reload Window');
  const chosen = await window.showWarningMessage(
    t('AZR Studio was updated while this window was open. Reload the window to go on.'),
    reload,
  );
  if (chosen === reload) await commands.executeCommand('workbench.action.reloadWindow');
}
