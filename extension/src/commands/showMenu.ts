/** What a click on the status bar item offers: what can be done with the run it tells of. */
import { commands } from 'vscode';

import { t, withIcon } from '../shown/safeText.ts';
import { window, type SafeQuickPickItem } from '../shown/safeWindow.ts';
import { canPause, canResume, canStop } from '../state/runFacts.ts';
import { runLabel } from '../state/runLabel.ts';
import type { Studio } from '../studio.ts';
import { TREE_VIEW_ID } from '../tree/taskTree.ts';

interface MenuEntry extends SafeQuickPickItem {
  readonly command: string;
  readonly argument?: string;
  readonly isOffered: boolean;
}

export async function showMenu(studio: Studio): Promise<void> {
  await studio.runs.load();
  const run = studio.runs.primary;
  const argument = run === undefined ? {} : { argument: run.id };
  const entries: MenuEntry[] = [
    {
      label: withIcon('graph-line', t('Open Dashboard')),
      command: 'azr.openDashboard',
      ...argument,
      isOffered: run !== undefined,
    },
    {
      label: withIcon('list-tree', t('Show Tasks')),
      command: `${TREE_VIEW_ID}.focus`,
      isOffered: run !== undefined,
    },
    {
      label: withIcon('debug-pause', t('Pause after Step')),
      command: 'azr.pauseRun',
      ...argument,
      isOffered: run !== undefined && canPause(run),
    },
    {
      label: withIcon('play', t('Resume')),
      command: 'azr.resumeRun',
      ...argument,
      isOffered: run !== undefined && canResume(run),
    },
    {
      label: withIcon('debug-stop', t('Stop')),
      command: 'azr.stopRun',
      ...(studio.isStarting ? {} : argument),
      isOffered: studio.isStarting || (run !== undefined && canStop(run)),
    },
    { label: withIcon('add', t('Start AZR Run')), command: 'azr.startRun', isOffered: true },
  ];
  const chosen = await window.showQuickPick(
    entries.filter(({ isOffered }) => isOffered),
    { placeHolder: run === undefined ? t('AZR Studio') : runLabel(run) },
  );
  if (chosen === undefined) return;
  await commands.executeCommand(
    chosen.command,
    ...(chosen.argument === undefined ? [] : [chosen.argument]),
  );
}
