import type { RewardStage, RewardStory } from '../../../server/protocol/rewardStory.ts';

/** What a stage is called in the stepper. */
export function stageTitle(stage: RewardStage, { role }: Pick<RewardStory, 'role'>): string {
  switch (stage.kind) {
    case 'prompt':
      return 'Prompt';
    case 'completion':
      return 'Completion';
    case 'parse':
      return 'Reading the completion';
    case 'validation':
      return 'Validation';
    case 'execution':
      return 'Execution and verdict';
    case 'group':
      return 'Group and solve rate';
    case 'role-reward':
      return role === 'proposer' ? 'Learnability' : 'Correctness';
    case 'format':
      return 'Format';
    case 'composite':
      return 'Composite reward';
    case 'baseline':
      return 'Baseline';
    case 'advantage':
      return 'Advantage';
    case 'tokens':
      return 'Tokens';
  }
}
