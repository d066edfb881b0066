/** Numbers as the tree, the status bar and the tooltips show them. */
import { foreignText, type SafeText, t } from './shown/safeText.ts';

/** A share in [0, 1] as whole percent. */
export function percentText(share: number): SafeText {
  return t('{0} %', Math.round(share * 100));
}

/** A duration in the two largest units that matter to somebody who waits. */
export function durationText(durationMs: number): SafeText {
  const seconds = Math.max(0, Math.round(durationMs / 1000));
  if (seconds < 60) return t('{0} s', seconds);
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return t('{0} min', minutes);
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) return t('{0} d {1} h', Math.floor(hours / 24), hours % 24);
  return minutes % 60 === 0 ? t('{0} h', hours) : t('{0} h {1} min', hours, minutes % 60);
}

/** How long something took, with the precision that tells it from another. */
export function timeText(durationMs: number): SafeText {
  if (durationMs < 10) return t('{0} ms', durationMs.toFixed(2));
  if (durationMs < 1000) return t('{0} ms', Math.round(durationMs));
  return t('{0} s', (durationMs / 1000).toFixed(1));
}

/** A signed number with the digits a reward needs. */
export function rewardText(reward: number): SafeText {
  return foreignText(`${reward < 0 ? '−' : ''}${Math.abs(reward).toFixed(2)}`);
}
