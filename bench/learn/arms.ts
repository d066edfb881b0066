/** The runs that docs/learning.md compares: each is one change to the recipe, or one way to break it. */
import type { Experiment } from '../../server/src/method/experiment.ts';
import { randomRewards, supervised } from './controls.ts';

export interface Arm {
  readonly name: string;
  /** What the arm asks, for a reader of the table. */
  readonly question: string;
  /** Settings that differ from the preset's, as the command line takes them. */
  readonly settings: readonly string[];
  readonly experiment?: (seed: number) => Experiment;
  /** Turns what the rewards say into its opposite. */
  readonly isReversed?: boolean;
}

const REWARD_ALONE = ['goldLossWeight=0'];

export const ARMS: readonly Arm[] = [
  { name: 'studio', question: 'the whole recipe of the preset', settings: [] },
  {
    name: 'without rehearsal',
    question: 'the same without rehearsed proposals',
    settings: ['rehearsedProposals=0'],
  },
  { name: 'reward alone', question: 'without the interpreter’s answers', settings: REWARD_ALONE },
  { name: 'paper', question: 'the method as published', settings: ['preset=paper'] },
  {
    name: 'random reward',
    question: 'verdicts dealt at random among the answers of a step; must not rise',
    settings: REWARD_ALONE,
    experiment: randomRewards,
  },
  {
    name: 'reversed advantage',
    question: 'the sign of every advantage turned; must not rise',
    settings: REWARD_ALONE,
    isReversed: true,
  },
  {
    name: 'frozen proposer',
    question: 'all proposals are written by the model as it was at the start',
    settings: ['startingProposals=1'],
  },
  {
    name: 'random teacher',
    question: 'tasks from the generator in place of the model’s own',
    settings: ['tasks=generator'],
  },
  {
    name: 'supervised',
    question: 'the generator’s tasks learned by cross-entropy alone: the ceiling',
    settings: ['tasks=generator'],
    experiment: supervised,
  },
];

/** Throws for an unknown name; the message lists the known ones. */
export function armNamed(name: string): Arm {
  const arm = ARMS.find((candidate) => candidate.name === name);
  if (arm === undefined) {
    throw new Error(`No arm "${name}"; there are ${ARMS.map((one) => one.name).join(', ')}.`);
  }
  return arm;
}
