/** A made-up run of any length: plausible programs, verdicts, rewards and metrics, the same for one seed. */
import type {
  BaselineRecord,
  MetricRecord,
  ProposalRecord,
  RolloutRecord,
  StepRecord,
  TaskRecord,
} from '../../server/protocol/records.ts';
import { MODES, ROLES, type Mode, type RejectionReason } from '../../server/protocol/vocabulary.ts';
import { advantagesOf } from '../../server/src/method/training/advantages.ts';
import {
  learnability,
  proposerReward,
  rejectedProposalReward,
  solverReward,
} from '../../server/src/method/rewards.ts';
import { generatedProgram } from './generatedProgram.ts';

export const ESTIMATION_ROLLOUTS = 8;
const ACCEPTED_PER_STEP = 40;
const REJECTED_PER_STEP = 20;
const REPLAYED_PER_STEP = 2;
const PROBE_EVERY_STEPS = 20;
const PROBES = 60;
const REASONS: readonly RejectionReason[] = ['format', 'syntax', 'error', 'duplicate', 'timeout'];
/** Of about as many rejections as this, one has a reason that hardly ever occurs. */
const RARE_REASON_EVERY = 5000;

type Mutable<Row> = { -readonly [Key in keyof Row]: Row[Key] };
type Rollout = Mutable<RolloutRecord>;
type Random = () => number;

/**
 * Steps with at least `tasks` accepted tasks together, ten rollouts for each. Ids count on as a
 * runner's do.
 */
export function* generatedSteps(options: {
  readonly tasks: number;
  readonly seed: number;
}): Generator<StepRecord, void, undefined> {
  const random = mulberry32(options.seed);
  const maker = new StepMaker(random, Math.ceil(options.tasks / ACCEPTED_PER_STEP));
  for (let made = 0, step = 0; made < options.tasks; step += 1) {
    const record = maker.step(step);
    made += record.tasks.filter(({ origin }) => origin !== 'held-out').length;
    yield record;
  }
}

class StepMaker {
  readonly #random: Random;
  readonly #steps: number;
  /** Sampling tokens anew for ten million rollouts would take longer than writing them. */
  readonly #samples: readonly Pick<Rollout, 'tokens' | 'logProbabilities'>[];
  readonly #heldOut: TaskRecord[] = [];
  #task = 0;
  #proposal = 0;
  #rollout = 0;
  #group = 0;

  constructor(random: Random, steps: number) {
    this.#random = random;
    this.#steps = steps;
    this.#samples = Array.from({ length: 512 }, () => sampledTokens(random));
  }

  step(step: number): StepRecord {
    const progress = step / this.#steps;
    const tasks: TaskRecord[] = [];
    const proposals: ProposalRecord[] = [];
    const rollouts: Rollout[] = [];
    for (let index = 0; index < ACCEPTED_PER_STEP + REJECTED_PER_STEP; index += 1) {
      const mode = MODES[index % MODES.length]!;
      const proposer = this.#addRollout(step, 'proposer', mode, 'propose', (this.#group += 1));
      rollouts.push(proposer);
      if (index % 3 === 2) proposals.push(this.#rejected(proposer));
      else {
        const { task, proposal, attempts } = this.#accepted(proposer, progress);
        tasks.push(task);
        proposals.push(proposal);
        rollouts.push(...attempts);
      }
    }
    for (const task of tasks.slice(0, REPLAYED_PER_STEP)) {
      rollouts.push(...this.#attempts(step, task.mode, 'replay', 0.6, task.id));
    }
    if (step === 0) tasks.push(...this.#heldOutTasks());
    if (step % PROBE_EVERY_STEPS === 0) {
      for (const { id, mode } of this.#heldOut) {
        rollouts.push(this.#probe(step, mode, id, 0.3 + 0.3 * progress));
      }
    }
    const baselines = assignAdvantages(step, rollouts);
    const metrics = this.#metrics(step, tasks, proposals, progress);
    return {
      step,
      startedAt: new Date(Date.UTC(2026, 0, 1) + step * 4000).toISOString(),
      durationMs: 3000 + 1500 * this.#random(),
      proposals,
      tasks,
      rollouts,
      ...{ attempts: [], harvests: [], goldDocuments: [] },
      baselines,
      metrics,
    };
  }

  #addRollout(
    step: number,
    role: Rollout['role'],
    mode: Mode,
    phase: Rollout['phase'],
    group: number,
  ): Rollout {
    this.#rollout += 1;
    const sample = this.#samples[this.#rollout % this.#samples.length]!;
    return {
      ...{ id: this.#rollout, step, role, mode, phase, group },
      prompt: `[${role === 'proposer' ? 'propose' : 'solve'} ${mode}]\nprompt of group ${String(group)}`,
      completion: '',
      promptTokens: [1, 2, 3, 4, 5, 6, 7, 8],
      ...sample,
      stopReason: 'stop',
      executions: [],
      rewardTerms: [],
      trained: false,
    };
  }

  #rejected(proposer: Rollout): ProposalRecord {
    const { program } = generatedProgram(this.#random);
    this.#proposal += 1;
    const rare = this.#proposal % RARE_REASON_EVERY === 0;
    const reason = rare ? 'forged' : REASONS[this.#proposal % REASONS.length]!;
    proposer.completion = `${program}\n# [1, 2]`;
    const reward = rejectedProposalReward(reason);
    proposer.reward = reward.value;
    proposer.rewardTerms = reward.terms;
    proposer.trained = true;
    return {
      ...{ id: this.#proposal, step: proposer.step, mode: proposer.mode, rolloutId: proposer.id },
      referenceTaskIds: this.#references(),
      ...(reason === 'format' ? {} : { program, input: '[1, 2]' }),
      accepted: false,
      reason,
      reasonMessage: `The proposal has the fault "${reason}".`,
    };
  }

  #accepted(proposer: Rollout, progress: number) {
    const { step, mode } = proposer;
    const { program, template, constructs, syntaxNodes, message } = generatedProgram(this.#random);
    this.#task += 1;
    this.#proposal += 1;
    const parents = this.#references();
    const chance = Math.min(0.95, 0.1 + 0.4 * progress + 0.5 * this.#random());
    const attempts = this.#attempts(step, mode, 'estimate', chance, this.#task);
    const correct = attempts.filter(({ verdict }) => verdict === 'correct').length;
    const solveRate = correct / ESTIMATION_ROLLOUTS;
    const reward = proposerReward(solveRate, 0, 0);
    proposer.completion = `${program}\n# [${String(this.#task)}]`;
    proposer.taskId = this.#task;
    proposer.reward = reward.value;
    proposer.rewardTerms = reward.terms;
    proposer.trained = true;
    const induction = mode === 'induction' ? { message } : {};
    const task: TaskRecord = {
      ...{ id: this.#task, step, origin: 'proposed', mode, program },
      examples: [{ input: `[${String(this.#task)}]`, output: `[${String(this.#task * 2)}]` }],
      visible: 0,
      ...induction,
      structure: `${template}-${String(this.#task)}`,
      ...{ template, constructs, syntaxNodes, parentTaskIds: parents, solveRate },
      learnability: learnability(solveRate),
    };
    const proposal: ProposalRecord = {
      ...{ id: this.#proposal, step, mode, rolloutId: proposer.id, referenceTaskIds: parents },
      ...{ program, input: `[${String(this.#task)}]`, ...induction },
      ...{ accepted: true, taskId: this.#task },
    };
    return { task, proposal, attempts };
  }

  #attempts(
    step: number,
    mode: Mode,
    phase: 'estimate' | 'replay',
    chance: number,
    taskId: number,
  ): Rollout[] {
    this.#group += 1;
    return Array.from({ length: ESTIMATION_ROLLOUTS }, () => {
      const rollout = this.#addRollout(step, 'solver', mode, phase, this.#group);
      rollout.taskId = taskId;
      this.#judge(rollout, chance);
      return rollout;
    });
  }

  #heldOutTasks(): TaskRecord[] {
    for (let index = 0; index < PROBES; index += 1) {
      const { program, template, syntaxNodes, constructs } = generatedProgram(this.#random);
      this.#task += 1;
      this.#heldOut.push({
        ...{ id: this.#task, step: 0, origin: 'held-out', mode: MODES[index % MODES.length]! },
        program,
        examples: [{ input: `[${String(index)}]`, output: `[${String(index * 2)}]` }],
        ...{
          visible: 0,
          structure: `held out ${String(index)}`,
          template,
          constructs,
          syntaxNodes,
        },
        parentTaskIds: [],
      });
    }
    return this.#heldOut;
  }

  #probe(step: number, mode: Mode, taskId: number, chance: number): Rollout {
    const rollout = this.#addRollout(step, 'solver', mode, 'greedy', (this.#group += 1));
    rollout.taskId = taskId;
    this.#judge(rollout, chance);
    return rollout;
  }

  #judge(rollout: Rollout, chance: number): void {
    const drawn = this.#random();
    const [verdict, reason] =
      drawn < chance
        ? (['correct', 'equal'] as const)
        : drawn > 0.97
          ? (['malformed', 'not-a-literal'] as const)
          : (['wrong', 'different-output'] as const);
    const reward = solverReward(verdict, reason);
    rollout.answer = `[${String(Math.floor(drawn * 1e6))}, ${String(rollout.id)}]`;
    rollout.completion = rollout.answer;
    rollout.verdict = verdict;
    rollout.verdictReason = reason;
    rollout.reward = reward.value;
    rollout.rewardTerms = reward.terms;
  }

  #references(): number[] {
    const latest = this.#task;
    return latest === 0
      ? []
      : [...new Set([0, 1, 2].map(() => 1 + Math.floor(this.#random() * latest)))];
  }

  #metrics(
    step: number,
    tasks: readonly TaskRecord[],
    proposals: readonly ProposalRecord[],
    progress: number,
  ): MetricRecord[] {
    const noise = () => 0.1 * this.#random();
    const metric = (name: string, value: number) => ({ step, name, value });
    const ofModes = MODES.flatMap((mode) => {
      const rates = tasks.filter((task) => task.mode === mode).map((task) => task.solveRate ?? 0);
      return [
        metric(
          `solver.${mode}.solveRate`,
          rates.reduce((sum, rate) => sum + rate, 0) / rates.length,
        ),
        ...['malformed', 'entropy', 'tokens', 'zeroVarianceGroups', 'rewardMean'].map((name) =>
          metric(`solver.${mode}.${name}`, 0.5 - 0.2 * progress + noise()),
        ),
        ...['valid', 'unique', 'accepted', 'learnability', 'entropy', 'rewardMean'].map((name) =>
          metric(`proposer.${mode}.${name}`, 0.4 + 0.3 * progress + noise()),
        ),
      ];
    });
    const accepted = proposals.filter((proposal) => proposal.accepted).length / proposals.length;
    const probe =
      step % PROBE_EVERY_STEPS === 0
        ? [metric('probe.greedy.mean', 0.3 + 0.3 * progress + noise())]
        : [];
    return [
      ...ofModes,
      metric('proposer.accepted', accepted),
      ...['propose', 'validate', 'estimate', 'update'].map((phase) =>
        metric(`phase.${phase}.durationMs`, 500 + 300 * this.#random()),
      ),
      ...probe,
    ];
  }
}

/** As the loop does, over groups that are not constant. */
function assignAdvantages(step: number, rollouts: readonly Rollout[]): BaselineRecord[] {
  const baselines: BaselineRecord[] = [];
  for (const role of ROLES) {
    for (const mode of MODES) {
      const batch = rollouts.filter(
        (rollout) => rollout.role === role && rollout.mode === mode && rollout.phase !== 'greedy',
      );
      const { advantages, baseline } = advantagesOf(
        batch.map(({ reward = 0, group, verdict }) => ({
          ...{ reward, group },
          correct: verdict === 'correct',
        })),
        { baseline: role === 'solver' ? 'group' : 'task-role', scale: 'deviation' },
      );
      batch.forEach((rollout, index) => {
        rollout.advantage = advantages[index]!;
        rollout.trained = true;
      });
      baselines.push({ step, role, mode, ...baseline });
    }
  }
  return baselines;
}

function sampledTokens(random: Random): Pick<Rollout, 'tokens' | 'logProbabilities'> {
  const length = 4 + Math.floor(random() * 40);
  return {
    tokens: Array.from({ length }, () => Math.floor(random() * 512)),
    logProbabilities: Array.from({ length }, () => Math.log(0.01 + 0.99 * random())),
  };
}

/** A small generator of random numbers in [0, 1) by its seed; good enough for rows of a benchmark. */
function mulberry32(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
