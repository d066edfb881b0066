/** What the one status bar item says. */
import type { RunOverview } from '../../../server/protocol/runs.ts';
import { t } from '../localise.ts';
import { durationText, percentText } from '../numberText.ts';
import { isBusy, isLive } from '../state/runFacts.ts';
import { runLabel } from '../state/runLabel.ts';
import { phaseText, stateText } from '../state/stateText.ts';

/** For example `AZR: step 12/200 · 41 % · 3 min left`, with an icon before it. */
export function statusText(run: RunOverview, otherLiveRuns: number): string {
  const icon = isBusy(run) ? '$(sync~spin) ' : restingIcon(run);
  const parts = [headline(run)];
  if (run.solveRate !== undefined) parts.push(percentText(run.solveRate));
  if (run.state === 'running' && run.live?.remainingMs !== undefined) {
    parts.push(t('{0} left', durationText(run.live.remainingMs)));
  }
  if (otherLiveRuns > 0) parts.push(t('+{0} more', otherLiveRuns));
  return `${icon}${t('AZR: {0}', parts.join(' · '))}`;
}

function restingIcon({ state }: RunOverview): string {
  if (state === 'paused') return '$(debug-pause) ';
  return state === 'failed' || state === 'interrupted' ? '$(warning) ' : '';
}

function headline(run: RunOverview): string {
  const step = t('step {0}/{1}', Math.max(0, run.lastStep), run.steps);
  switch (run.state) {
    case 'running':
      return run.lastStep < 0 ? seedingText(run) : step;
    case 'starting':
      return t('starting…');
    case 'pausing':
    case 'paused':
    case 'stopping':
    case 'stopped':
    case 'interrupted':
      return `${stateText(run.state)} · ${step}`;
    case 'finished':
    case 'failed':
    case 'unreadable':
      return stateText(run.state);
  }
}

function seedingText({ live }: RunOverview): string {
  return live === undefined || live.total === 0
    ? phaseText('seed')
    : t('{0} {1}/{2}', phaseText('seed'), live.done, live.total);
}

/** Lines of the item's tooltip. */
export function statusTooltip(run: RunOverview): string[] {
  const lines = [t('{0}: {1}', runLabel(run), stateText(run.state))];
  if (run.model !== undefined) lines.push(t('Model: {0}', run.model));
  if (isLive(run) && run.live !== undefined) {
    const { step, phase, done, total, tokensPerSecond } = run.live;
    lines.push(
      total > 0
        ? t('Step {0}: {1} {2}/{3}', step, phaseText(phase), done, total)
        : t('Step {0}: {1}', step, phaseText(phase)),
    );
    if (tokensPerSecond !== undefined) lines.push(t('{0} tokens/s', Math.round(tokensPerSecond)));
  }
  if (run.heldOutBefore !== undefined && run.heldOutAfter !== undefined) {
    lines.push(
      t('Held-out tasks: {0} → {1}', percentText(run.heldOutBefore), percentText(run.heldOutAfter)),
    );
  }
  if (run.problem !== undefined) lines.push(run.problem.message, run.problem.remedy);
  return lines;
}
