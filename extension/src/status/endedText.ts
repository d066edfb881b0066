/** Whether and how the end of a run is worth an interruption. */
import type { RunOverview } from '../../../server/protocol/runs.ts';
import { percentText } from '../numberText.ts';
import type { NotificationLevel } from '../settings.ts';
import { type SafeText, t } from '../shown/safeText.ts';
import { runLabel } from '../state/runLabel.ts';

export interface EndedNotice {
  readonly severity: 'information' | 'warning' | 'error';
  readonly message: SafeText;
}

/** Undefined for what the user did themselves, and for what the setting keeps quiet. */
export function endedNotice(run: RunOverview, level: NotificationLevel): EndedNotice | undefined {
  if (level === 'none') return undefined;
  switch (run.state) {
    case 'finished':
      return level === 'all' ? { severity: 'information', message: finishedText(run) } : undefined;
    case 'failed':
    case 'unreadable':
      return {
        severity: 'error',
        message: failedText(run),
      };
    case 'interrupted':
      return {
        severity: 'warning',
        message:
          run.evaluation !== undefined
            ? t('{0} was interrupted. You can resume it: it goes on where it was.', runLabel(run))
            : t(
                'The run {0} was interrupted after step {1}. You can resume it: it continues from its last checkpoint and repeats the steps after that.',
                runLabel(run),
                Math.max(0, run.lastStep),
              ),
      };
    case 'starting':
    case 'running':
    case 'pausing':
    case 'paused':
    case 'stopping':
    case 'stopped':
      return undefined;
  }
}

function failedText(run: RunOverview): SafeText {
  const { problem } = run;
  return problem === undefined
    ? t('The run {0} failed: {1}', runLabel(run), t('see its log.'))
    : t('The run {0} failed: {1} {2}', runLabel(run), problem.message, problem.remedy);
}

function finishedText(run: RunOverview): SafeText {
  if (run.evaluation !== undefined) return t('{0} is finished.', runLabel(run));
  const { heldOutBefore, heldOutAfter } = run;
  return heldOutBefore === undefined || heldOutAfter === undefined
    ? t('The run {0} is finished: {1} steps, {2} tasks.', runLabel(run), run.steps, run.taskCount)
    : t(
        'The run {0} is finished: it solves {1} of the held-out tasks, and solved {2} at the start.',
        runLabel(run),
        percentText(heldOutAfter),
        percentText(heldOutBefore),
      );
}
