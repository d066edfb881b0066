/** Which of the three things that reinforcement can do to a model a report shows. */
import {
  type LearningFinding,
  type LearningReport,
  type RateChange,
  REPORT_LEVEL,
} from '../../protocol/learning.ts';

/** See {@link LearningFinding}. A change counts when its test or interval excludes chance. */
export function learningFinding({
  greedy,
  sampled,
}: Pick<LearningReport, 'greedy' | 'sampled'>): LearningFinding {
  if (greedy === undefined) return 'too-early';
  const isCertain = greedy.pValue < 1 - REPORT_LEVEL;
  const hasRisen = isCertain && greedy.gained > greedy.lost;
  const hasFallen = isCertain && greedy.gained < greedy.lost;
  if (sampled !== undefined && falls(sampled.passK)) return 'narrowing';
  if (hasFallen) return 'forgetting';
  // pass@k of an earlier step cannot say what a later gain is.
  const isUpToDate = sampled?.step === greedy.step;
  if (sampled !== undefined && isUpToDate) {
    if (hasRisen && rises(sampled.passK)) return 'learning';
    if (rises(sampled.passK)) return 'unfinished';
    return hasRisen || rises(sampled.pass1) ? 'sharpening' : 'nothing';
  }
  return hasRisen ? 'unfinished' : 'nothing';
}

function rises({ low }: RateChange): boolean {
  return low > 0;
}

function falls({ high }: RateChange): boolean {
  return high < 0;
}
