/** Stop, pause and resume. The run's own state says when it has happened; nothing is shown before. */
import { t } from '../shown/safeText.ts';
import { window } from '../shown/safeWindow.ts';
import { canPause, canResume, canStop } from '../state/runFacts.ts';
import { runLabel } from '../state/runLabel.ts';
import type { Studio } from '../studio.ts';
import { runOfArgument } from './argument.ts';
import { ensureEngineKey } from './engineKey.ts';

/** Ends a run after the step under way; asked once more, at once. Gives up a start that has no run yet. */
export async function stopRun(studio: Studio, argument: unknown): Promise<void> {
  if (argument === undefined && studio.cancelStart()) return;
  const run = await runOfArgument(studio, argument, {
    isEligible: canStop,
    placeHolder: t('Run to stop'),
  });
  if (run === undefined) return;
  if (run.state === 'stopping') {
    const now = t('Stop Now');
    const chosen = await window.showWarningMessage(
      t('{0} stops after the current step. Stop now and discard that step?', runLabel(run)),
      now,
    );
    if (chosen !== now) return;
    await studio.connection.request('azr/stop', { runId: run.id, when: 'now' });
    return;
  }
  // Before its first step there is nothing that waiting would save.
  const when = run.state === 'starting' ? 'now' : 'after-step';
  await studio.connection.request('azr/stop', { runId: run.id, when });
}

export async function pauseRun(studio: Studio, argument: unknown): Promise<void> {
  const run = await runOfArgument(studio, argument, {
    isEligible: canPause,
    placeHolder: t('Run to pause after its step'),
  });
  if (run !== undefined) await studio.connection.request('azr/pause', { runId: run.id });
}

export async function resumeRun(studio: Studio, argument: unknown): Promise<void> {
  const run = await runOfArgument(studio, argument, {
    isEligible: canResume,
    placeHolder: t('Run to resume'),
  });
  if (run === undefined || !(await ensureEngineKey(studio, { runId: run.id }))) return;
  await studio.connection.request('azr/resume', { runId: run.id });
  studio.runs.choose(run.id);
}
