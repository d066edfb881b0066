/**
 * Controls: runs in which one ingredient of self-play is broken or replaced, so that what it is worth
 * can be told from what would have happened anyway.
 */
import { readFileSync } from 'node:fs';

import type { Engine, Objective } from '../../server/protocol/engine.ts';
import type { HeldOutTask } from '../../server/protocol/heldOut.ts';
import type { Proposal } from '../../server/protocol/sandbox.ts';
import { MODES, ROLES } from '../../server/protocol/vocabulary.ts';
import type { Experiment, TaskSource } from '../../server/src/method/experiment.ts';
import type { RolloutDraft } from '../../server/src/method/ledger.ts';
import { RandomStream } from '../../server/src/method/randomStream.ts';

/** What a verdict gives to an answer. */
const JUDGEMENT = ['verdict', 'verdictReason', 'reward', 'rewardTerms'] as const;

/** Every answer gets the verdict and reward of another one of its mode, by lot: nothing can be learned from them. */
export function randomRewards(seed: number): Experiment {
  return {
    alterAnswers(answers, step) {
      for (const role of ROLES) {
        for (const mode of MODES) {
          const batch = answers.filter((answer) => answer.role === role && answer.mode === mode);
          const random = new RandomStream(seed, 'random rewards', step, role, mode);
          const judgements = random.sample(batch.map(judgementOf), batch.length);
          batch.forEach((answer, index) => Object.assign(answer, judgements[index]));
        }
      }
    },
  };
}

function judgementOf(answer: RolloutDraft): Partial<RolloutDraft> {
  return Object.fromEntries(JUDGEMENT.map((name) => [name, answer[name]]));
}

/** An engine that does as `engine` does, but for `changes`. */
export function changedEngine(engine: Engine, changes: Partial<Engine>): Engine {
  return {
    description: engine.description,
    encode: (text) => engine.encode(text),
    decode: (tokens) => engine.decode(tokens),
    encodeChat: (messages) => engine.encodeChat(messages),
    sample: (...request) => engine.sample(...request),
    logProbabilities: (...request) => engine.logProbabilities(...request),
    encodeCompletion: (text) => engine.encodeCompletion(text),
    update: (...request) => engine.update(...request),
    saveCheckpoint: (...request) => engine.saveCheckpoint(...request),
    loadCheckpoint: (...request) => engine.loadCheckpoint(...request),
    close: () => engine.close(),
    ...changes,
  };
}

/** The same engine, taught the opposite of what the rewards say. */
export function withReversedAdvantages(engine: Engine): Engine {
  return changedEngine(engine, {
    update: (objectives, ...rest) => engine.update(objectives.map(reversed), ...rest),
  });
}

/** Rewards are turned round; what the interpreter says is not. */
function reversed({ data, loss }: Objective): Objective {
  if (loss.kind === 'cross_entropy') return { data, loss };
  const opposite = data.map((datum) => ({
    ...datum,
    advantages: datum.advantages.map((advantage) => -advantage),
  }));
  return { data: opposite, loss };
}

/** The tasks are those of a file, one line after the other, in place of the model's own proposals. */
export function randomTeacher(file: string): Experiment {
  return { taskSource: tasksOf(readFileSync(file, 'utf8')) };
}

/** The same tasks, learned by cross-entropy on what the interpreter says alone: the ceiling. Use it with `goldLossWeight`. */
export function supervised(file: string): Experiment {
  return { ...randomTeacher(file), withoutRewards: true };
}

/**
 * A source of tasks from lines in the form of a held-out file; of deduction and abduction, the first
 * example's input counts. Each mode has its own lines and takes them in order, from the first again
 * when they are used up.
 */
export function tasksOf(lines: string): TaskSource {
  const tasks = lines
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => proposalOf(JSON.parse(line) as HeldOutTask));
  const byMode = new Map(MODES.map((mode) => [mode, tasks.filter((task) => task.mode === mode)]));
  return {
    next({ step, round, mode, count }) {
      const own = byMode.get(mode) ?? [];
      if (own.length === 0) return [];
      // The seeding takes from the end, where no step comes to soon.
      const order = step === 0 ? own.toReversed() : own;
      const start = Math.max(round, step - 1) * count;
      return Array.from({ length: count }, (_, index) => order[(start + index) % order.length]!);
    },
  };
}

function proposalOf({ mode, program, examples, message = '' }: HeldOutTask): Proposal {
  const inputs = examples.map(({ input }) => input);
  return mode === 'induction'
    ? { mode, program, inputs, message }
    : { mode, program, input: inputs[0] ?? '' };
}
