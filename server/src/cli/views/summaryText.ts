import { constructText } from '../../../protocol/constructs.ts';
import { findingText, findingTitle, learnedText } from '../../../protocol/learningText.ts';
import type { RunSummary } from '../../runs/runSummary.ts';
import { RECENT_STEPS } from '../../runs/runSummary.ts';
import { durationText, percentText } from '../terminal/terminalText.ts';

/** The end of a run in a few lines. */
export function summaryText(summary: RunSummary, folder: string): string {
  const { steps, durationMs, generatedTokens, learning, valid, unique } = summary;
  const lines = [
    `steps        ${steps} in ${durationText(durationMs)}, ${generatedTokens.toLocaleString('en-US')} tokens sampled`,
    ...learningLines(learning),
    valid !== undefined &&
      `proposals    ${percentText(valid)} valid, ${percentText(unique)} of those new (last ${RECENT_STEPS} steps)`,
    `run          ${folder}`,
    !summary.complete && `continue     azr resume ${folder}`,
  ];
  return lines.filter((line) => line !== false).join('\n');
}

function learningLines(learning: RunSummary['learning']): (string | false)[] {
  if (learning?.greedy === undefined) return [];
  const { greedy, sampled } = learning;
  const passK =
    sampled &&
    `, pass@${sampled.samples} ${percentText(sampled.passK.before)} → ${percentText(sampled.passK.after)}`;
  const learned = learnedText(learning.learned, constructText);
  return [
    `held-out     greedy ${percentText(greedy.before)} → ${percentText(greedy.after)}${passK ?? ''}`,
    `finding      ${findingTitle(learning)}. ${findingText(learning)}`,
    learned !== undefined && `             ${learned}`,
  ];
}
