/**
 * One step of Absolute Zero, paper algorithm 1: propose tasks, estimate how learnable they are,
 * solve, reward both roles, and update the one policy that plays them.
 */
import type { StepRecord } from '../../protocol/records.ts';
import type { LoopDependencies } from './context.ts';
import { recordCurriculum } from './curriculum.ts';
import { Ledger, type RolloutDraft, type TaskDraft } from './ledger.ts';
import { recordMonitors } from './monitors.ts';
import { recordProbe } from './probe.ts';
import { proposeTasks } from './propose.ts';
import { RandomStream } from './randomStream.ts';
import { learnability, proposerReward, rejectedProposalReward } from './rewards.ts';
import { announceTask } from './seeding.ts';
import type { ProposalOutcome } from './settleProposal.ts';
import { solveTasks, type SolvedTask } from './solve.ts';
import type { TaskMemory } from './taskMemory.ts';
import { assignAdvantages, updatePolicy } from './update.ts';

/** Runs step number `step` and returns its rows; nothing is stored here. */
export async function runStep(
  dependencies: LoopDependencies,
  memory: TaskMemory,
  step: number,
  signal: AbortSignal,
): Promise<StepRecord> {
  const { clock, settings, store } = dependencies;
  const ledger = new Ledger(step, store.counters(), clock.now());

  const proposals = await proposeTasks(
    dependencies,
    ledger,
    memory,
    { modes: settings.modes, count: settings.proposalsPerMode, phase: 'propose', round: 0 },
    signal,
  );
  const estimated = await estimateLearnability(dependencies, ledger, proposals, signal);
  rewardProposers(dependencies, proposals);

  const solverRollouts = settings.trainOnEstimation
    ? estimated.filter(({ task }) => memory.passesGate(task)).flatMap(({ rollouts }) => rollouts)
    : await solveFreshly(dependencies, ledger, memory, estimated, signal);
  const replayed = await replay(dependencies, ledger, memory, signal);
  const newPrograms = rememberTasks(memory, estimated);

  // A program of the held-out set teaches nothing, not even that it should not be proposed.
  const proposers = proposals.filter(({ reason }) => reason !== 'held-out');
  const trained = [...proposers.map(({ rollout }) => rollout), ...solverRollouts, ...replayed];
  assignAdvantages(ledger, settings, trained);
  const trainedTokens = await updatePolicy(dependencies, ledger, trained, signal);

  recordMonitors(ledger, memory, proposals, estimated, { trainedTokens, newPrograms });
  await recordCurriculum(dependencies, ledger, estimated, signal);
  await recordProbe(dependencies, ledger, signal);
  return ledger.close(clock.now());
}

/** Returns how many of the tasks have a program that no earlier task has. */
function rememberTasks(memory: TaskMemory, estimated: readonly SolvedTask<TaskDraft>[]): number {
  const before = memory.programs;
  for (const { task } of estimated) {
    memory.remember(task);
  }
  return memory.programs - before;
}

/** n solver rollouts per new task give its solve rate and, by eq. 4, its learnability. */
async function estimateLearnability(
  dependencies: LoopDependencies,
  ledger: Ledger,
  proposals: readonly ProposalOutcome[],
  signal: AbortSignal,
): Promise<SolvedTask<TaskDraft>[]> {
  const tasks = proposals.flatMap(({ task }) => task ?? []);
  const estimated = await solveTasks(
    dependencies,
    ledger,
    tasks,
    {
      samples: dependencies.settings.estimationRollouts,
      rolloutPhase: 'estimate',
      phase: 'estimate',
    },
    signal,
  );
  for (const { task, solveRate } of estimated) {
    task.solveRate = solveRate;
    task.learnability = learnability(solveRate);
    announceTask(dependencies, task);
  }
  return estimated;
}

function rewardProposers(
  { settings }: LoopDependencies,
  proposals: readonly ProposalOutcome[],
): void {
  for (const proposal of proposals) {
    const { rollout, task, reason } = proposal;
    const reward =
      task?.solveRate === undefined
        ? rejectedProposalReward(reason ?? 'format')
        : proposerReward(
            task.solveRate,
            templateShare(proposal, proposals),
            settings.repetitionPenalty,
          );
    rollout.reward = reward.value;
    rollout.rewardTerms = reward.terms;
  }
}

/**
 * Share of the mode's other proposals of this step that fill the same template. An induction proposer
 * was given its program, so the template is not its doing.
 */
function templateShare(proposal: ProposalOutcome, proposals: readonly ProposalOutcome[]): number {
  if (proposal.mode === 'induction') return 0;
  const others = proposals.filter(({ mode }) => mode === proposal.mode).length - 1;
  const same =
    proposals.filter(
      ({ mode, template }) => mode === proposal.mode && template === proposal.template,
    ).length - 1;
  return others === 0 ? 0 : same / others;
}

/**
 * The paper's solver batch: per mode this step's tasks, topped up uniformly from the buffer, with
 * one fresh rollout each.
 */
async function solveFreshly(
  dependencies: LoopDependencies,
  ledger: Ledger,
  memory: TaskMemory,
  estimated: readonly SolvedTask<TaskDraft>[],
  signal: AbortSignal,
): Promise<RolloutDraft[]> {
  const { settings } = dependencies;
  const tasks = settings.modes.flatMap((mode) => {
    const fresh = estimated
      .map(({ task }) => task)
      .filter((task) => task.mode === mode && memory.passesGate(task))
      .slice(0, settings.solverTasksPerMode);
    const random = new RandomStream(settings.seed, 'solver tasks', ledger.step, mode);
    const missing = settings.solverTasksPerMode - fresh.length;
    return [...fresh, ...memory.buffer(mode).sample(missing, 'uniform', random)];
  });
  const solved = await solveTasks(
    dependencies,
    ledger,
    tasks,
    { samples: 1, rolloutPhase: 'solve', phase: 'solve' },
    signal,
  );
  return solved.flatMap(({ rollouts }) => rollouts);
}

/** Earlier tasks, tried again by a group of rollouts each, so that what was learned stays learned. */
async function replay(
  dependencies: LoopDependencies,
  ledger: Ledger,
  memory: TaskMemory,
  signal: AbortSignal,
): Promise<RolloutDraft[]> {
  const { settings } = dependencies;
  const tasks = settings.modes.flatMap((mode) =>
    memory
      .buffer(mode)
      .sample(
        settings.replayTasksPerMode,
        settings.referenceSampling,
        new RandomStream(settings.seed, 'replay', ledger.step, mode),
      ),
  );
  const solved = await solveTasks(
    dependencies,
    ledger,
    tasks,
    {
      samples: settings.estimationRollouts,
      rolloutPhase: 'replay',
      phase: 'solve',
      round: 1,
    },
    signal,
  );
  return solved
    .filter(({ solveRate }) => memory.passesGate({ solveRate }))
    .flatMap(({ rollouts }) => rollouts);
}
