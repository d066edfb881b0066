/** Where one can go from a rollout: up to its task, down to an attempt, sideways to its siblings. */
import type { RolloutItem } from '../../../protocol/queries.ts';
import type { RewardStory } from '../../../protocol/rewardStory.ts';
import type { StoryContext, StorySource } from './storyContext.ts';

type Links = RewardStory['links'];

export function storyLinks(context: StoryContext, { relatives }: StorySource): Links {
  const { rollout, proposal } = context;
  const { taskId } = rollout;
  const ofProposer = rollout.role === 'proposer';
  // A proposer's group has one member; its siblings are its other proposals of the mode and step.
  const siblings = ofProposer ? relatives.proposalsAround(rollout) : context.attempts;
  const place = siblings.findIndex(({ id }) => id === rollout.id);
  const firstAttempt =
    ofProposer && taskId !== undefined ? relatives.firstAnswer(taskId)?.id : undefined;
  const links: { [Name in keyof Links]: Links[Name] | undefined } = {
    proposal: ofProposer ? undefined : proposal?.rolloutId,
    taskId,
    firstAttempt,
    bestSibling: extreme(siblings, rollout.id, (left, right) => left > right),
    worstSibling: extreme(siblings, rollout.id, (left, right) => left < right),
    previousSibling: place > 0 ? siblings[place - 1]?.id : undefined,
    nextSibling: place < 0 ? undefined : siblings[place + 1]?.id,
  };
  return Object.fromEntries(Object.entries(links).filter(([, value]) => value !== undefined));
}

/**
 * The sibling that no other beats, by advantage, or by reward where nothing was trained; undefined
 * when that is the rollout itself or one that is not better.
 */
function extreme(
  siblings: readonly RolloutItem[],
  currentId: number,
  beats: (left: number, right: number) => boolean,
): number | undefined {
  const value = ({ advantage, reward }: RolloutItem) => advantage ?? reward ?? 0;
  const current = siblings.find(({ id }) => id === currentId);
  if (current === undefined) return undefined;
  const found = siblings.reduce(
    (best, sibling) => (beats(value(sibling), value(best)) ? sibling : best),
    current,
  );
  return found === current ? undefined : found.id;
}
