/** A wait that its user can end: a note in the status bar and, where it takes long, a Cancel button. */
import { CancellationTokenSource, ProgressLocation, type CancellationToken } from 'vscode';

import type { SafeText } from '../shown/safeText.ts';
import { window } from '../shown/safeWindow.ts';

/** What is over by then shows no notification, which would only flash up. */
const PATIENCE_MS = 1000;

/** Passes on what `task` resolves or rejects with, also after it was cancelled. */
export async function cancellable<Result>(
  title: SafeText,
  task: (token: CancellationToken) => Promise<Result>,
): Promise<Result> {
  const source = new CancellationTokenSource();
  const result = task(source.token);
  const offer = setTimeout(() => {
    void offerCancel(title, result, source);
  }, PATIENCE_MS);
  try {
    return await window.withProgress({ location: ProgressLocation.Window, title }, () => result);
  } finally {
    clearTimeout(offer);
    source.dispose();
  }
}

async function offerCancel(
  title: SafeText,
  result: Promise<unknown>,
  source: CancellationTokenSource,
): Promise<void> {
  await window.withProgress(
    { location: ProgressLocation.Notification, title, cancellable: true },
    async (_, token) => {
      token.onCancellationRequested(() => {
        source.cancel();
      });
      // The caller is told what it failed with.
      await result.catch(() => undefined);
    },
  );
}
