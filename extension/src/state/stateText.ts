/** States and phases in words. */
import type { Phase } from '../../../server/protocol/events.ts';
import type { LiveProgress, RunState } from '../../../server/protocol/runs.ts';
import { durationText } from '../numberText.ts';
import { type SafeText, t } from '../shown/safeText.ts';

/** Less is over before it is read. */
const SHORTEST_TOLD_MS = 3000;

export function stateText(state: RunState): SafeText {
  switch (state) {
    case 'starting':
      return t('starting');
    case 'running':
      return t('running');
    case 'pausing':
      return t('pausing after this step');
    case 'paused':
      return t('paused');
    case 'stopping':
      return t('stopping after this step');
    case 'stopped':
      return t('stopped');
    case 'interrupted':
      return t('interrupted');
    case 'finished':
      return t('finished');
    case 'failed':
      return t('failed');
    case 'unreadable':
      return t('cannot be read');
  }
}

export function phaseText(phase: Phase): SafeText {
  switch (phase) {
    case 'seed':
      return t('seeding');
    case 'propose':
      return t('proposing tasks');
    case 'validate':
      return t('validating proposals');
    case 'estimate':
      return t('estimating solve rates');
    case 'solve':
      return t('solving');
    case 'update':
      return t('updating the model');
    case 'probe':
      return t('probing held-out tasks');
    case 'checkpoint':
      return t('saving a checkpoint');
  }
}

/** What a phase has left, where that is worth waiting for: nothing, or one text. */
export function phaseLeft({ phaseRemainingMs }: LiveProgress): SafeText[] {
  if (phaseRemainingMs === undefined || phaseRemainingMs < SHORTEST_TOLD_MS) return [];
  return [t('{0} left', durationText(phaseRemainingMs))];
}
