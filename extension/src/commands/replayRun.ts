/** Playing a run back, and the recorded run that ships with the extension. */
import { t } from '../shown/safeText.ts';
import { window } from '../shown/safeWindow.ts';
import { runLabel } from '../state/runLabel.ts';
import type { Studio } from '../studio.ts';
import { runOfArgument } from './argument.ts';

/** The recorded run takes about a minute to play. */
const DEMO_SPEED = 1;

export async function replayRun(studio: Studio, argument: unknown): Promise<void> {
  const run = await runOfArgument(studio, argument, {
    isEligible: ({ lastStep }) => lastStep >= 0,
    placeHolder: t('Run to play back'),
  });
  if (run === undefined) return;
  const chosen = await window.showQuickPick(
    [
      { label: t('Original speed'), speed: 1 },
      { label: t('{0} times faster', 4), speed: 4 },
      { label: t('{0} times faster', 20), speed: 20 },
      { label: t('{0} times faster', 100), speed: 100 },
      { label: t('As fast as possible'), speed: 'unlimited' as const },
    ],
    { placeHolder: t('Playback speed of {0}', runLabel(run)) },
  );
  if (chosen === undefined) return;
  const { speed } = chosen;
  const { runId } = await studio.connection.request('azr/replay', { runId: run.id, speed });
  await studio.showRun(runId);
}

export async function playDemo(studio: Studio): Promise<void> {
  const { runId } = await studio.connection.request('azr/replay', { speed: DEMO_SPEED });
  await studio.showRun(runId);
}
