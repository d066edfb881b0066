/** What the one status bar item says. */
import type { RunOverview } from '../../../server/protocol/runs.ts';
import { foreignText, type IconName, joined, type SafeText, t } from '../shown/safeText.ts';
import { durationText, percentText } from '../numberText.ts';
import { isBusy, isLive } from '../state/runFacts.ts';
import { runLabel } from '../state/runLabel.ts';
import { phaseLeft, phaseText, stateText } from '../state/stateText.ts';

/** For example `AZR: step 12/200 · 41 % · 3 min left`. */
export function statusText(run: RunOverview, otherLiveRuns: number): SafeText {
  const parts = [headline(run)];
  if (run.solveRate !== undefined) parts.push(percentText(run.solveRate));
  if (run.state === 'running' && !isInLongPhase(run) && run.live?.remainingMs !== undefined) {
    parts.push(t('{0} left', durationText(run.live.remainingMs)));
  }
  if (otherLiveRuns > 0) parts.push(t('+{0} more', otherLiveRuns));
  return t('AZR: {0}', joined(parts, ' · '));
}

/** The icon before the text; a spinner only while something moves. */
export function iconOf(run: RunOverview): IconName | undefined {
  if (isBusy(run)) return 'sync~spin';
  if (run.state === 'paused') return 'debug-pause';
  return run.state === 'failed' || run.state === 'interrupted' ? 'warning' : undefined;
}

function headline(run: RunOverview): SafeText {
  const step = t('step {0}/{1}', Math.max(0, run.lastStep), run.steps);
  switch (run.state) {
    case 'running':
      return isInLongPhase(run) ? longPhaseText(run) : step;
    case 'starting':
      return t('starting…');
    case 'pausing':
    case 'paused':
    case 'stopping':
    case 'stopped':
    case 'interrupted':
      return joined([stateText(run.state), step], ' · ');
    case 'finished':
    case 'failed':
    case 'unreadable':
      return stateText(run.state);
  }
}

/** The seeding and the held-out tasks take as long as many steps: then they are what one waits for. */
function isInLongPhase({ lastStep, live }: RunOverview): boolean {
  return lastStep < 0 || live?.phase === 'probe';
}

function longPhaseText({ live }: RunOverview): SafeText {
  if (live === undefined || live.total === 0) return phaseText(live?.phase ?? 'seed');
  const { phase, done, total } = live;
  return joined([t('{0} {1}/{2}', phaseText(phase), done, total), ...phaseLeft(live)], ' · ');
}

/** Lines of the item's tooltip. */
export function statusTooltip(run: RunOverview): SafeText[] {
  const lines = [t('{0}: {1}', runLabel(run), stateText(run.state))];
  if (run.model !== undefined) lines.push(t('Model: {0}', run.model));
  if (isLive(run) && run.live !== undefined) {
    const { step, phase, done, total, tokensPerSecond } = run.live;
    lines.push(
      total > 0
        ? t('Step {0}: {1} {2}/{3}', step, phaseText(phase), done, total)
        : t('Step {0}: {1}', step, phaseText(phase)),
    );
    lines.push(...phaseLeft(run.live));
    if (tokensPerSecond !== undefined) lines.push(t('{0} tokens/s', Math.round(tokensPerSecond)));
  }
  if (run.heldOutBefore !== undefined && run.heldOutAfter !== undefined) {
    lines.push(
      t('Held-out tasks: {0} → {1}', percentText(run.heldOutBefore), percentText(run.heldOutAfter)),
    );
  }
  if (run.problem !== undefined)
    lines.push(foreignText(run.problem.message), foreignText(run.problem.remedy));
  return lines;
}
