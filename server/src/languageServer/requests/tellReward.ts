import { ProblemError } from '../../../protocol/problem.ts';
import { isDeepStrictEqual } from 'node:util';

import type { RewardStory } from '../../../protocol/rewardStory.ts';
import { numberedToken } from '../../engine/tokenizer/tokenTexts.mjs';
import type { OpenRun } from '../openRuns.ts';
import { rewardStory } from '../rewards/rewardStory.ts';
import type { TokenReaders } from './tokenTexts.ts';

/** The story of a rollout's reward; throws a {@link ProblemError} when the run has no such rollout. */
export async function tellReward(
  run: OpenRun,
  rolloutId: number,
  tokenReaders: TokenReaders,
): Promise<RewardStory> {
  const tokens = run.reader.rollout(rolloutId)?.tokens ?? [];
  const { texts, problem } = await tokenReaders.textsOf(run, tokens);
  // Meanwhile the run may have been resumed, and its rollouts written again.
  const story = rewardStory(run, run.id, rolloutId, (stored) =>
    isDeepStrictEqual(stored, tokens) ? texts : stored.map(numberedToken),
  );
  if (story === undefined) {
    throw new ProblemError({
      code: 'no-row',
      message: `The run ${run.name} has no rollout ${String(rolloutId)}.`,
      remedy: 'Open it from the tree again: a resumed run gives new numbers to what it repeats.',
    });
  }
  if (problem === undefined) return story;
  const stages = story.stages.map((stage) =>
    stage.kind === 'tokens' && stage.pruned !== true
      ? { ...stage, summary: `${stage.summary} ${problem}` }
      : stage,
  );
  return { ...story, stages };
}
