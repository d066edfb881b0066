/** Runs a task, an answer or a scratch file again in the sandbox and shows fresh beside stored. */
import { isScratchUri } from '../../../server/protocol/languageMessages.ts';
import { rerunText } from '../documents/rerunText.ts';
import { rerunTimes } from '../settings.ts';
import { foreignText, t, withIcon } from '../shown/safeText.ts';
import { window } from '../shown/safeWindow.ts';
import type { Studio } from '../studio.ts';
import { documentOf, documentUriOf } from './argument.ts';
import { cancellable } from './cancellable.ts';

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
  const text = isScratchUri(uri) ? { text: (await documentOf(uri)).getText() } : {};
  const result = await cancellable(t('Running in the sandbox…'), (token) =>
    studio.connection.request('azr/rerun', { uri, ...text, times }, token),
  );
  studio.output.appendLine(rerunText(result, new Date()));
  studio.output.show(true);
  const icon = result.problem === undefined ? 'beaker' : 'warning';
  window.setStatusBarMessage(withIcon(icon, foreignText(result.summary)), SUMMARY_MS);
}
