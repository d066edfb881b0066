/** The solver's half of a step: groups of answers to a task, each verified by execution. Paper section 3.3.4. */
import type { Phase } from '../../protocol/events.ts';
import type { RolloutRecord, TaskRecord } from '../../protocol/records.ts';
import type { Grader, Verification } from '../../protocol/sandbox.ts';
import type { SolvableTask } from './asking.ts';
import type { AskingDependencies } from './context.ts';
import type { Ledger, RolloutDraft } from './ledger.ts';
import { solverReward } from './rewards.ts';
import { encodePrompt, sampleJobs, type Sampling, type SamplingOptions } from './rollouts.ts';

type StoredTask = SolvableTask & Pick<TaskRecord, 'id'>;

/** The answers to one task, with verdict and reward. */
export interface SolvedTask<Task extends StoredTask> {
  readonly task: Task;
  readonly rollouts: readonly RolloutDraft[];
  /** Mean correctness, in [0, 1]. */
  readonly solveRate: number;
}

/** Samples `samples` answers per task in one request and verifies each. */
export async function solveTasks<Task extends StoredTask>(
  dependencies: AskingDependencies,
  ledger: Ledger,
  tasks: readonly Task[],
  request: {
    readonly samples: number;
    readonly rolloutPhase: RolloutRecord['phase'] | ((task: Task) => RolloutRecord['phase']);
    readonly phase: Phase;
    /** Tells apart several requests of one step and phase. */
    readonly round?: number | string;
    /** Absent for the policy at the run's own temperature. */
    readonly sampling?: Sampling;
    /** Where the tasks are a part of what the phase asks: see {@link SamplingOptions}. */
    readonly part?: NonNullable<SamplingOptions['part']>;
  },
  signal: AbortSignal,
): Promise<SolvedTask<Task>[]> {
  const { rolloutPhase } = request;
  const jobs = await Promise.all(
    tasks.map(async (task) => {
      const prompt = dependencies.asking.prompt(task);
      return {
        role: 'solver' as const,
        mode: task.mode,
        phase: typeof rolloutPhase === 'function' ? rolloutPhase(task) : rolloutPhase,
        prompt,
        promptTokens: await encodePrompt(dependencies, prompt),
        samples: request.samples,
        taskId: task.id,
      };
    }),
  );
  const { phase, round, sampling, part } = request;
  const groups = await sampleJobs(dependencies, ledger, jobs, phase, signal, {
    ...(round === undefined ? {} : { round }),
    ...(sampling === undefined ? {} : { sampling }),
    ...(part === undefined ? {} : { part }),
  });
  return Promise.all(
    tasks.map(async (task, index) => {
      const rollouts = groups[index] ?? [];
      await verifyGroup(dependencies, task, rollouts, signal);
      return { task, rollouts, solveRate: solveRateOf(rollouts) };
    }),
  );
}

/** Mean correctness of answers that were verified. */
export function solveRateOf(rollouts: readonly RolloutDraft[]): number {
  const correct = rollouts.filter(({ verdict }) => verdict === 'correct').length;
  return correct / rollouts.length;
}

/** Equal answers to one task are executed once: verification is a function of task and answer. */
async function verifyGroup(
  dependencies: AskingDependencies,
  task: SolvableTask,
  rollouts: readonly RolloutDraft[],
  signal: AbortSignal,
): Promise<void> {
  const verified = new Map<string, Promise<Verification>>();
  await Promise.all(
    rollouts.map(async (rollout) => {
      const answer = dependencies.asking.readAnswer(task, rollout.completion);
      const first = answer === undefined || !verified.has(answer);
      const verification =
        answer === undefined
          ? unreadable(rollout)
          : (verified.get(answer) ?? verifyAnswer(dependencies.grader, task, answer, signal));
      if (answer !== undefined) {
        rollout.answer = answer;
        verified.set(answer, Promise.resolve(verification));
      }
      const { verdict, reason, message, executions } = await verification;
      const reward = solverReward(verdict, reason);
      rollout.verdict = verdict;
      rollout.verdictReason = reason;
      rollout.verdictMessage = message;
      rollout.executions = first ? executions : [];
      rollout.reward = reward.value;
      rollout.rewardTerms = reward.terms;
    }),
  );
}

function unreadable(rollout: RolloutDraft): Verification {
  if (rollout.tokens.length === 0 && rollout.stopReason === 'length') {
    return {
      ...{ verdict: 'malformed', reason: 'truncated', executions: [] },
      message: "The prompt fills the model's context, so that nothing can be answered.",
    };
  }
  const truncated = rollout.stopReason === 'length';
  return {
    verdict: 'malformed',
    reason: truncated ? 'truncated' : 'format',
    message: truncated
      ? 'The completion reached its length limit before an answer was whole.'
      : 'The completion does not have the form the solver was asked for.',
    executions: [],
  };
}

/** Judges one answer by execution. */
export async function verifyAnswer(
  grader: Grader,
  task: SolvableTask,
  answer: string,
  signal: AbortSignal,
): Promise<Verification> {
  const { program, examples, visible, tolerance } = task;
  const { output } = examples[0]!;
  switch (task.mode) {
    case 'deduction':
      return grader.verifyDeduction({ output }, answer);
    case 'abduction':
      return grader.verifyAbduction({ program, output }, answer, signal);
    case 'induction':
      return grader.verifyInduction(
        { hidden: examples.slice(visible), ...(tolerance !== undefined && { tolerance }) },
        answer,
        signal,
      );
  }
}
