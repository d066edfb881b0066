/** When something is wrong: the doctor, the Python environment, the server, the log. */
import path from 'node:path';
import { ProcessExecution, ProgressLocation, Task, TaskRevealKind, tasks, TaskScope } from 'vscode';

import { doctorText } from '../documents/doctorText.ts';
import { forgetPythonPath, pythonPath } from '../settings.ts';
import { t, withIcon } from '../shown/safeText.ts';
import { window } from '../shown/safeWindow.ts';
import type { Studio } from '../studio.ts';

export async function restartServer(studio: Studio): Promise<void> {
  await window.withProgress(
    { location: ProgressLocation.Window, title: t('Restarting the AZR server…') },
    async () => {
      await studio.connection.restart();
      await studio.runs.load();
    },
  );
  window.setStatusBarMessage(withIcon('check', t('The AZR server is running')), 5000);
}

export function showLog(studio: Studio): void {
  studio.log.show();
}

export async function runDoctor(studio: Studio): Promise<void> {
  const checks = await window.withProgress(
    { location: ProgressLocation.Window, title: t('Checking this machine…') },
    () => studio.connection.request('azr/doctor', {}),
  );
  studio.output.appendLine(doctorText(checks, new Date()));
  studio.output.show(true);
}

/** Runs `azr setup` where the user sees it; the server looks for the environment anew when it is done. */
export async function setUpPython(studio: Studio): Promise<void> {
  const task = new Task(
    { type: 'azr', task: 'setup' },
    TaskScope.Workspace,
    t('Set Up Python Environment'),
    'AZR',
    new ProcessExecution(
      process.execPath,
      [path.join(studio.context.extensionPath, 'dist', 'cli.mjs'), 'setup'],
      { env: { ELECTRON_RUN_AS_NODE: '1' } },
    ),
  );
  task.presentationOptions = { reveal: TaskRevealKind.Always, clear: true };
  const execution = await tasks.executeTask(task);
  const exitCode = await new Promise<number | undefined>((resolve) => {
    const subscription = tasks.onDidEndTaskProcess((event) => {
      if (event.execution !== execution) return;
      subscription.dispose();
      resolve(event.exitCode);
    });
  });
  if (exitCode !== 0) return;
  await offerOwnEnvironment();
  await restartServer(studio);
}

/** The setting wins over the environment that was just made: it may name one that does not work. */
async function offerOwnEnvironment(): Promise<void> {
  const named = pythonPath();
  if (named === '') return;
  const use = t('Use the New Environment');
  const chosen = await window.showInformationMessage(
    t('The Python environment is ready, but the setting azr.pythonPath points to {0}.', named),
    use,
  );
  if (chosen === use) await forgetPythonPath();
}
