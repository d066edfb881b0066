/**
 * One step of Absolute Zero, paper algorithm 1: propose tasks, estimate how learnable they are,
 * solve, reward both roles, and update the one policy that plays them.
 */
import type { StepRecord, TaskRecord } from '../../protocol/records.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import { MODES } from '../../protocol/vocabulary.ts';
import type { LoopDependencies } from './context.ts';
import { recordCurriculum } from './measuring/curriculum.ts';
import { usesGold } from '../../protocol/goldSettings.ts';
import { drawGold, recordGoldMetrics } from './interpreter/goldDocuments.ts';
import type { GoldMemory } from './interpreter/goldMemory.ts';
import { type StepTasks, takeTasks } from './given/takeTasks.ts';
import { harvest } from './interpreter/harvest.ts';
import { drawRehearsed } from './interpreter/rehearsal.ts';
import { Ledger, type RolloutDraft, type TaskDraft } from './ledger.ts';
import { recordMonitors } from './measuring/monitors.ts';
import { recordEvaluations } from './measuring/evaluations.ts';
import { recordProbe } from './measuring/probe.ts';
import { proposeTasks } from './proposals/propose.ts';
import { RandomStream } from './randomStream.ts';
import { rewardProposers } from './proposals/rewardProposals.ts';
import { learnability } from './rewards.ts';
import { announceTask } from './seeding.ts';
import { isExplored } from './proposals/settleProposal.ts';
import { solveRateOf, solveTasks, type SolvedTask } from './solve.ts';
import type { TaskMemory } from './memory/taskMemory.ts';
import { assignAdvantages } from './training/taskRoleAdvantages.ts';
import { updatePolicy } from './training/update.ts';

/** Runs step number `step` and returns its rows; nothing is stored here. */
export async function runStep(
  dependencies: LoopDependencies,
  memory: TaskMemory,
  gold: GoldMemory,
  step: number,
  signal: AbortSignal,
): Promise<StepRecord> {
  const { clock, settings, store } = dependencies;
  const ledger = new Ledger(step, store.counters(), clock.now());

  const { proposals, again } = await tasksOfStep(dependencies, ledger, memory, signal);
  for (const task of ledger.tasks) gold.rememberTask(task);
  const [{ estimated, replayed }] = await Promise.all([
    tryTasks(dependencies, ledger, memory, { proposals, again }, signal),
    // Programs run while the solver writes.
    usesGold(settings) ? harvest(dependencies, ledger, gold, signal) : undefined,
  ]);
  for (const { task, solveRate } of estimated) gold.rememberRate(task, solveRate);
  rewardProposers(settings, proposals);

  const solverRollouts = settings.trainOnEstimation
    ? estimated.flatMap((one) => trainable(memory, one))
    : await solveFreshly(dependencies, ledger, memory, estimated, signal);
  const newlySolved = rememberAttempts(ledger, memory, replayed);
  const newPrograms = rememberTasks(memory, ledger.tasks);

  // A program of the held-out set teaches nothing, not even that it should not be proposed.
  const proposers = proposals.filter((one) => one.reason !== 'held-out' && !isExplored(one));
  const rewarded = [
    ...proposers.flatMap(({ rollout }) => rollout ?? []),
    ...solverRollouts,
    ...replayed.flatMap((one) => trainable(memory, one)),
  ];
  const trained = dependencies.experiment?.withoutRewards === true ? [] : rewarded;
  assignAdvantages(ledger, settings, trained);
  const documents = [
    ...(await drawGold(dependencies, ledger, gold)),
    ...drawRehearsed(settings, ledger),
  ];
  const trainedTokens = await updatePolicy(
    dependencies,
    ledger,
    trained,
    { documents, gold },
    signal,
  );

  recordMonitors(ledger, memory, proposals, estimated, {
    trainedTokens,
    newPrograms,
    newlySolved,
  });
  if (usesGold(settings)) recordGoldMetrics(ledger);
  // Whether the curriculum grows is a question about the trained proposer.
  const explored = new Set(proposals.filter(isExplored).map(({ task }) => task));
  const ofProposer = estimated.filter(({ task }) => !explored.has(task));
  await recordCurriculum(dependencies, ledger, ofProposer, signal);
  await recordProbe(dependencies, ledger, signal);
  await recordEvaluations(dependencies, ledger, signal);
  return ledger.close(clock.now());
}

/** New tasks, of the policy's own or given, and given ones whose turn has come again. */
async function tasksOfStep(
  dependencies: LoopDependencies,
  ledger: Ledger,
  memory: TaskMemory,
  signal: AbortSignal,
): Promise<StepTasks> {
  const { given, settings } = dependencies;
  if (given !== undefined) return takeTasks(dependencies, ledger, memory, given, signal);
  const { modes, proposalsPerMode: count } = settings;
  const request = { modes, count, phase: 'propose', round: 0 } as const;
  const proposals = await proposeTasks(dependencies, ledger, memory, request, signal);
  return { proposals, again: [] };
}

/** The answers to a task, if the solver is to learn from them. */
function trainable(
  memory: TaskMemory,
  { solveRate, rollouts }: SolvedTask<TaskRecord>,
): readonly RolloutDraft[] {
  return memory.passesGate({ solveRate }) ? rollouts : [];
}

/** Returns how many of the tasks have a program that no earlier task has. */
function rememberTasks(memory: TaskMemory, tasks: readonly TaskDraft[]): number {
  const before = memory.programs;
  for (const task of tasks) {
    memory.remember(task);
  }
  return memory.programs - before;
}

/**
 * n solver rollouts per new task give its solve rate and, by eq. 4, its learnability; earlier tasks are
 * tried again in the same request.
 */
async function tryTasks(
  dependencies: LoopDependencies,
  ledger: Ledger,
  memory: TaskMemory,
  { proposals, again }: StepTasks,
  signal: AbortSignal,
): Promise<{
  readonly estimated: readonly SolvedTask<TaskDraft>[];
  readonly replayed: readonly SolvedTask<TaskDraft>[];
}> {
  const { settings } = dependencies;
  const tasks = proposals.flatMap(({ task }) => task ?? []);
  const fresh = new Set(tasks);
  const { experiment } = dependencies;
  if (experiment?.withoutRewards === true) return { estimated: [], replayed: [] };
  const answered = await solveTasks<TaskDraft>(
    dependencies,
    ledger,
    [...tasks, ...new Set([...again, ...earlierTasks(settings, memory, ledger.step)])],
    {
      samples: settings.estimationRollouts,
      rolloutPhase: (task) => (fresh.has(task) ? 'estimate' : 'replay'),
      phase: 'estimate',
    },
    signal,
  );
  const answers = answered.flatMap(({ rollouts }) => rollouts);
  experiment?.alterAnswers?.(answers, ledger.step);
  const solved = answered.map((one) => ({ ...one, solveRate: solveRateOf(one.rollouts) }));
  const estimated = solved.slice(0, tasks.length);
  for (const { task, solveRate } of estimated) {
    task.solveRate = solveRate;
    task.learnability = learnability(solveRate);
    announceTask(dependencies, task);
  }
  return { estimated, replayed: solved.slice(tasks.length) };
}

/** What is tried again: tasks that are solved sometimes, so that they stay learned, and tasks that were never solved. */
function earlierTasks(settings: RunSettings, memory: TaskMemory, step: number): TaskRecord[] {
  return settings.modes.flatMap((mode) => {
    const stream = (name: string) => new RandomStream(settings.seed, name, step, mode);
    return [
      ...memory.sampleForReplay(mode, settings.replayTasksPerMode, stream('replay')),
      ...memory.unsolved(mode).sample(settings.unsolvedTasksPerMode, stream('unsolved')),
    ];
  });
}

/** Returns how many tasks were solved for the first time. */
function rememberAttempts(
  ledger: Ledger,
  memory: TaskMemory,
  replayed: readonly SolvedTask<TaskRecord>[],
): number {
  const unsolved = () => MODES.reduce((sum, mode) => sum + memory.unsolved(mode).size, 0);
  const before = unsolved();
  const inOrder = replayed.toSorted((left, right) => left.task.id - right.task.id);
  for (const { task, solveRate } of inOrder) {
    const estimate = memory.estimateAfter({ task, solveRate });
    const attempt = { step: ledger.step, taskId: task.id, solveRate, estimate };
    ledger.attempts.push(attempt);
    memory.rememberAttempt(task, attempt);
  }
  return before - unsolved();
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
