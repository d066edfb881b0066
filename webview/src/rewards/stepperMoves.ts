/** Where each key of the stepper leads from here: to another stage, to another rollout, or nowhere. */
import type { RewardStory } from '../../../server/protocol/rewardStory.ts';
import type { StepperMove } from '../../../server/protocol/webviewMessages.ts';

export type Destination =
  | { readonly kind: 'stage'; readonly stage: number }
  | { readonly kind: 'rollout'; readonly rolloutId: number }
  /** Why there is nothing in that direction. */
  | { readonly kind: 'nowhere'; readonly why: string };

export function destination(story: RewardStory, stage: number, move: StepperMove): Destination {
  const last = story.stages.length - 1;
  const { links, role } = story;
  switch (move) {
    case 'next':
      return stage >= last ? nowhere('This is the last stage.') : toStage(stage + 1);
    case 'previous':
      return stage <= 0 ? nowhere('This is the first stage.') : toStage(stage - 1);
    case 'first':
      return toStage(0);
    case 'last':
      return toStage(last);
    case 'up':
      return role === 'proposer'
        ? nowhere('This is the proposal itself; there is nothing above it.')
        : toRollout(
            links.proposal,
            'This task was not proposed in this run: it is held out, or was there from the start.',
          );
    case 'down':
      return role === 'solver'
        ? nowhere('This is a single attempt; there is nothing below it.')
        : toRollout(
            links.firstAttempt,
            'This has no attempts: the proposal did not become a task.',
          );
    case 'best':
      return toRollout(links.bestSibling, 'No other rollout of its group has a better advantage.');
    case 'worst':
      return toRollout(links.worstSibling, 'No other rollout of its group has a worse advantage.');
  }
}

/** The stage to show first of another rollout: the same kind of stage where there is one. */
export function matchingStage(
  story: RewardStory,
  kind: RewardStory['stages'][number]['kind'] | undefined,
): number {
  return Math.max(
    story.stages.findIndex((stage) => stage.kind === kind),
    0,
  );
}

/** The move of a key; undefined for keys that mean nothing here. */
export function moveOfKey(key: string): StepperMove | undefined {
  switch (key) {
    case 'ArrowRight':
      return 'next';
    case 'ArrowLeft':
      return 'previous';
    case 'Home':
      return 'first';
    case 'End':
      return 'last';
    case 'ArrowUp':
      return 'up';
    case 'ArrowDown':
      return 'down';
    case 'b':
      return 'best';
    case 'w':
      return 'worst';
    default:
      return undefined;
  }
}

function toStage(stage: number): Destination {
  return { kind: 'stage', stage };
}

function toRollout(rolloutId: number | undefined, why: string): Destination {
  return rolloutId === undefined ? nowhere(why) : { kind: 'rollout', rolloutId };
}

function nowhere(why: string): Destination {
  return { kind: 'nowhere', why };
}
