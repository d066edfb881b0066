/** Opens the reward stepper on a rollout, and moves it. */
import { commands } from 'vscode';

import type { RewardStory } from '../../../server/protocol/rewardStory.ts';
import type { StepperMove } from '../../../server/protocol/webviewMessages.ts';
import { REWARDS_VIEW_ID } from '../panels/rewardsView.ts';
import type { Studio } from '../studio.ts';
import { documentUriOf } from './argument.ts';

/** Which rollout, when a page asks. */
interface RolloutArgument {
  readonly runId: string;
  readonly rolloutId: number;
}

export async function showRewards(studio: Studio, argument: unknown): Promise<void> {
  await show(studio, await rolloutOf(studio, argument));
}

/** Shows the stage that decided: the validation of a proposal, the execution of an answer. */
export async function explainVerdict(studio: Studio, argument: unknown): Promise<void> {
  const rollout = await rolloutOf(studio, argument);
  const story = await studio.connection.request('azr/rewardStory', rollout);
  await show(studio, rollout, decidingStage(story));
}

export function moveStepper(studio: Studio, move: StepperMove): void {
  studio.rewards.move(move);
}

async function show(studio: Studio, rollout: RolloutArgument, stage?: number): Promise<void> {
  studio.rewards.show({ kind: 'rewards', ...rollout, ...(stage !== undefined && { stage }) });
  await commands.executeCommand(`${REWARDS_VIEW_ID}.focus`);
}

/** An answer that could not be read was decided when it was parsed. */
function decidingStage({ stages }: RewardStory): number | undefined {
  const index = stages.findIndex(
    (stage) =>
      stage.kind === 'validation' ||
      stage.kind === 'execution' ||
      (stage.kind === 'parse' && !stage.parsed),
  );
  return index < 0 ? undefined : index;
}

async function rolloutOf(studio: Studio, argument: unknown): Promise<RolloutArgument> {
  if (isRolloutArgument(argument)) {
    return { runId: argument.runId, rolloutId: argument.rolloutId };
  }
  const uri = documentUriOf(argument);
  const { runId, rolloutId } = await studio.connection.request('azr/locate', { uri });
  return { runId, rolloutId };
}

function isRolloutArgument(value: unknown): value is RolloutArgument {
  return (
    typeof value === 'object' &&
    value !== null &&
    'runId' in value &&
    'rolloutId' in value &&
    typeof value.runId === 'string' &&
    typeof value.rolloutId === 'number'
  );
}
