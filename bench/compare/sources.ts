/** What `npm run compare` sets beside each other: where the tasks come from, and what is learned from them. */

export interface Source {
  readonly name: string;
  /** What it is, for a reader of the table. */
  readonly description: string;
  /** See bench/learn/arms.ts. */
  readonly arm: string;
  /** Whether the tasks are those of the fixed data set. */
  readonly hasData: boolean;
  /** Chosen so that all generate about as many tokens: a step that proposes nothing generates fewer. */
  readonly steps: number;
  readonly colour: string;
}

const PROPOSING_STEPS = 60;
const GIVEN_STEPS = 100;

export const SOURCES: readonly Source[] = [
  {
    name: 'self-play',
    description: 'the preset `studio`',
    ...{ arm: 'studio', hasData: false, steps: PROPOSING_STEPS, colour: '#1f77b4' },
  },
  {
    name: 'self-play, reward alone',
    description: 'the same without the interpreter’s answers',
    ...{ arm: 'reward alone', hasData: false, steps: PROPOSING_STEPS, colour: '#d95f02' },
  },
  {
    name: 'data set',
    description: 'a fixed set of 3,000 tasks, with the interpreter’s answers',
    ...{ arm: 'studio', hasData: true, steps: GIVEN_STEPS, colour: '#2ca02c' },
  },
  {
    name: 'data set, reward alone',
    description: 'the same set, reward alone: RLVR as the article’s baselines',
    ...{ arm: 'reward alone', hasData: true, steps: GIVEN_STEPS, colour: '#7570b3' },
  },
  {
    name: 'random teacher',
    description: 'new tasks of the generator in every step, with the interpreter’s answers',
    ...{ arm: 'random teacher', hasData: false, steps: GIVEN_STEPS, colour: '#e7298a' },
  },
];

/** Throws for an unknown name; the message lists the known ones. */
export function sourceNamed(name: string): Source {
  const source = SOURCES.find((candidate) => candidate.name === name);
  if (source === undefined) {
    throw new Error(`No source "${name}"; there are ${SOURCES.map((one) => one.name).join(', ')}.`);
  }
  return source;
}
