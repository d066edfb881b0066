/** Opens the dashboard on a run: the argument's, else the one that the status bar tells of. */
import { newestFirst } from '../../../server/protocol/runOrder.ts';
import type { Studio } from '../studio.ts';
import { runOfArgument } from './argument.ts';
import { t } from '../shown/safeText.ts';

export async function openDashboard(studio: Studio, argument: unknown): Promise<void> {
  await studio.runs.load();
  const readable = newestFirst(studio.runs.all).filter(({ state }) => state !== 'unreadable');
  if (readable.length === 0) {
    studio.dashboard.show([]);
    return;
  }
  const run = await runOfArgument(studio, argument ?? studio.runs.primary?.id, {
    isEligible: ({ state }) => state !== 'unreadable',
    placeHolder: t('Run to show in the dashboard'),
  });
  if (run !== undefined) studio.dashboard.show([run.id]);
}
