import type { RunSummary } from '../runner/runSummary.ts';
import { RECENT_STEPS } from '../runner/runSummary.ts';
import { durationText, percentText } from './terminalText.ts';

/** The end of a run in a few lines. */
export function summaryText(summary: RunSummary, folder: string): string {
  const { steps, durationMs, generatedTokens, heldOutBefore, heldOutAfter, valid, unique } =
    summary;
  const lines = [
    `steps        ${steps} in ${durationText(durationMs)}, ${generatedTokens.toLocaleString('en-US')} tokens sampled`,
    heldOutBefore !== undefined &&
      `held-out     ${percentText(heldOutBefore)} → ${percentText(heldOutAfter)} solved`,
    valid !== undefined &&
      `proposals    ${percentText(valid)} valid, ${percentText(unique)} of those new (last ${RECENT_STEPS} steps)`,
    `run          ${folder}`,
    !summary.complete && `continue     azr resume ${folder}`,
  ];
  return lines.filter((line) => line !== false).join('\n');
}
