/** One rollout's reward from the prompt to the tokens, told from what run.db holds. */
import type { RewardStage, RewardStory } from '../../../protocol/rewardStory.ts';
import type { RunId } from '../../../protocol/runs.ts';
import { oneLine, taskTitle } from '../../store/lists/listText.ts';
import { completionText } from '../documents/prunedCompletion.ts';
import { advantageStages, tokensStage } from './advantageStages.ts';
import { executionStage, groupStage, validationStage } from './judgementStages.ts';
import { completionStage, parseStage, promptStage } from './openingStages.ts';
import { rewardStages } from './rewardStages.ts';
import { readStoryContext, type StoryContext, type StorySource } from './storyContext.ts';
import { storyLinks } from './storyLinks.ts';

/** The text of each of a completion's tokens. */
export type TokenTexts = (tokens: readonly number[]) => readonly string[];

/**
 * The story of rollout `rolloutId`; undefined when the run has none such. Throws ProblemError when the
 * database cannot be read.
 */
export function rewardStory(
  source: StorySource,
  runId: RunId,
  rolloutId: number,
  tokenTexts: TokenTexts,
): RewardStory | undefined {
  // All of it is of one state of the run, and packs of completions are inflated once.
  return source.reader.connection.snapshot(() => {
    const context = readStoryContext(source, rolloutId);
    return context && toldStory(context, source, runId, tokenTexts);
  });
}

function toldStory(
  context: StoryContext,
  source: StorySource,
  runId: RunId,
  tokenTexts: TokenTexts,
): RewardStory {
  const { id, step, role, mode, phase, tokens } = context.rollout;
  const judged: RewardStage[] =
    role === 'proposer' ? validationStage(context) : executionStage(context, source.reader);
  return {
    runId,
    rolloutId: id,
    step,
    role,
    mode,
    phase,
    title: storyTitle(context),
    stages: [
      promptStage(context),
      completionStage(context),
      parseStage(context),
      ...judged,
      ...groupStage(context),
      ...rewardStages(context),
      ...advantageStages(context),
      tokensStage(context, tokenTexts(tokens)),
    ],
    links: storyLinks(context, source),
  };
}

function storyTitle({ rollout, proposal, task }: StoryContext): string {
  const known = taskTitle(task ?? (rollout.role === 'proposer' ? proposal : undefined) ?? {});
  return known ?? oneLine(completionText(rollout));
}
