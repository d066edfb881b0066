/** Notifications: a run finished, failed or was interrupted, each with what can be done. */
import { commands, type Disposable } from 'vscode';

import type { RunId, RunOverview } from '../../../server/protocol/runs.ts';
import type { ServerConnection } from '../connection/serverConnection.ts';
import { t } from '../shown/safeText.ts';
import { muteNotifications, notificationLevel } from '../settings.ts';
import { window } from '../shown/safeWindow.ts';
import { endedNotice, type EndedNotice } from './endedText.ts';

export class Notifications implements Disposable {
  readonly #subscription: Disposable;

  /** @param isToldElsewhere whether somebody who waits for a run is told in another place */
  constructor(
    connection: Pick<ServerConnection, 'onRunEnded'>,
    isToldElsewhere: (runId: RunId) => boolean = () => false,
  ) {
    this.#subscription = connection.onRunEnded((run) => {
      if (isToldElsewhere(run.id)) return;
      const notice = endedNotice(run, notificationLevel());
      if (notice === undefined) return;
      // It is over when somebody closes the notification: the next one must not wait for that.
      tell(run, notice).catch(() => undefined);
    });
  }

  dispose(): void {
    this.#subscription.dispose();
  }
}

async function tell(run: RunOverview, { severity, message }: EndedNotice): Promise<void> {
  const dashboard = t('Open Dashboard');
  const resume = t('Resume');
  const log = t('Show Log');
  const mute = t("Don't Show Again");
  const chosen = await {
    information: () => window.showInformationMessage(message, dashboard, mute),
    warning: () => window.showWarningMessage(message, resume),
    error: () => window.showErrorMessage(message, resume, log),
  }[severity]();
  if (chosen === dashboard) await commands.executeCommand('azr.openDashboard', run.id);
  if (chosen === resume) await commands.executeCommand('azr.resumeRun', run.id);
  if (chosen === log) await commands.executeCommand('azr.showLog');
  if (chosen === mute) await muteNotifications();
}
