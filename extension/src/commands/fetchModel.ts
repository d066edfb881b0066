/** Brings a model onto this machine, with a progress bar and a Cancel button. */
import { ProgressLocation } from 'vscode';

import { foreignText, t } from '../shown/safeText.ts';
import { window } from '../shown/safeWindow.ts';
import type { Studio } from '../studio.ts';

/** Resolves when the model is there. Rejects with the server's problem, or as a request that was given up. */
export async function fetchModel({ connection }: Studio, model: string): Promise<void> {
  await window.withProgress(
    {
      location: ProgressLocation.Notification,
      title: t('Fetching {0}', model),
      cancellable: true,
    },
    async (progress, token) => {
      let toldPercent = 0;
      const subscription = connection.onModelProgress((told) => {
        if (told.model !== model) return;
        if ('note' in told) {
          progress.report({ message: foreignText(told.note) });
          return;
        }
        const { done, total } = told;
        const percent = total > 0 ? Math.min(100, (100 * done) / total) : 0;
        const message = t('{0} of {1} MB', megabytes(done), megabytes(total));
        progress.report({ message, increment: Math.max(0, percent - toldPercent) });
        toldPercent = Math.max(toldPercent, percent);
      });
      try {
        await connection.request('azr/fetchModel', { model }, token);
      } finally {
        subscription.dispose();
      }
    },
  );
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
