/**
 * Controls: runs in which one ingredient of self-play is broken or replaced, so that what it is worth
 * can be told from what would have happened anyway.
 */
import type { Engine, Objective } from '../../server/protocol/engine.ts';
import { MODES, ROLES } from '../../server/protocol/vocabulary.ts';
import type { Experiment } from '../../server/src/method/experiment.ts';
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

/** The generator's tasks, learned by cross-entropy on what the interpreter says alone: the ceiling. Use it with `goldLossWeight`. */
export function supervised(): Experiment {
  return { withoutRewards: true };
}
