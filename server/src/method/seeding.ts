/** Step 0: fills the buffers from the identity program with the untrained policy's own proposals. Paper section 3.3.1. */
import { ProblemError } from '../../protocol/problem.ts';
import type { StepRecord, TaskRecord } from '../../protocol/records.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import type { GoldMemory } from './interpreter/goldMemory.ts';
import { usesGold } from '../../protocol/goldSettings.ts';
import { harvest } from './interpreter/harvest.ts';
import { type LoopDependencies } from './context.ts';
import { Ledger, type TaskDraft } from './ledger.ts';
import { recordEvaluations } from './measuring/evaluations.ts';
import { recordProbe } from './measuring/probe.ts';
import { proposeTasks } from './proposals/propose.ts';
import type { TaskMemory } from './memory/taskMemory.ts';

/** Rounds without a single new task after which the model is judged unable to propose. */
const FRUITLESS_ROUNDS = 8;

/** Seeds every mode's buffer and measures the held-out tasks before anything is trained. */
export async function runSeeding(
  dependencies: LoopDependencies,
  memory: TaskMemory,
  gold: GoldMemory,
  signal: AbortSignal,
): Promise<StepRecord> {
  const { clock, settings, store } = dependencies;
  const ledger = new Ledger(0, store.counters(), clock.now());
  // Seeds are what a proposer begins from; where tasks are given, none is needed.
  if (dependencies.given === undefined) await seedBuffers(dependencies, ledger, memory, signal);
  for (const task of ledger.tasks) gold.rememberTask(task);
  if (usesGold(settings)) {
    await harvest(dependencies, ledger, gold, signal);
  }
  await recordProbe(dependencies, ledger, signal);
  await recordEvaluations(dependencies, ledger, signal);
  return ledger.close(clock.now());
}

async function seedBuffers(
  dependencies: LoopDependencies,
  ledger: Ledger,
  memory: TaskMemory,
  signal: AbortSignal,
): Promise<void> {
  const seeds = withSeedsAsProgress(dependencies, memory);
  await addZeroTriplet(seeds, ledger, memory, signal);
  await seedPrograms(seeds, ledger, memory, signal);
  if (dependencies.settings.modes.includes('induction')) {
    await seedInduction(seeds, ledger, memory, signal);
  }
}

/**
 * Tells how many seeds there are of those that are wanted, in place of what the rounds tell of their
 * proposals: only the seeds say how far the seeding is.
 */
function withSeedsAsProgress(dependencies: LoopDependencies, memory: TaskMemory): LoopDependencies {
  const { settings } = dependencies;
  const wanted = seedsWanted(settings);
  const buffers = (['deduction', 'induction'] as const)
    .filter((mode) => mode === 'deduction' || settings.modes.includes(mode))
    .map((mode) => memory.buffer(mode));
  const listener: LoopDependencies['listener'] = (event) => {
    if (event.kind !== 'phase') {
      dependencies.listener(event);
      return;
    }
    const done = buffers.reduce((sum, { size }) => sum + Math.min(size, wanted), 0);
    const total = wanted * buffers.length;
    dependencies.listener({ kind: 'phase', step: 0, phase: 'seed', done, total });
  };
  return { ...dependencies, listener };
}

function seedsWanted({ seedTasks, bufferCapacity }: RunSettings): number {
  return Math.min(seedTasks, bufferCapacity);
}

/** The identity task, in both buffers that references come from. */
async function addZeroTriplet(
  { dialect, grader }: LoopDependencies,
  ledger: Ledger,
  memory: TaskMemory,
  signal: AbortSignal,
): Promise<void> {
  const { program, input } = dialect.zeroTriplet;
  const validation = await grader.validate({ mode: 'deduction', program, input }, signal);
  if (!validation.valid) {
    throw new Error(`The identity task does not validate: ${validation.message}`);
  }
  for (const mode of ['deduction', 'abduction'] as const) {
    const { structure, template, constructs, syntaxNodes, examples } = validation;
    memory.remember(
      ledger.addTask({
        origin: 'seed',
        mode,
        program,
        examples,
        visible: 0,
        structure,
        template,
        constructs,
        syntaxNodes,
        parentTaskIds: [],
      }),
    );
  }
}

/** Abduction and deduction start from the same set: each seed enters both buffers. */
async function seedPrograms(
  dependencies: LoopDependencies,
  ledger: Ledger,
  memory: TaskMemory,
  signal: AbortSignal,
): Promise<void> {
  await inRounds(dependencies, ledger, memory.buffer('deduction'), async (round, count) => {
    const request = { modes: ['deduction'] as const, count, phase: 'seed' as const, round };
    const outcomes = await proposeTasks(dependencies, ledger, memory, request, signal);
    for (const { task } of outcomes) {
      if (task) {
        accept(dependencies, memory, task);
        accept(dependencies, memory, ledger.addTask({ ...task, mode: 'abduction' }));
      }
    }
  });
}

async function seedInduction(
  dependencies: LoopDependencies,
  ledger: Ledger,
  memory: TaskMemory,
  signal: AbortSignal,
): Promise<void> {
  await inRounds(dependencies, ledger, memory.buffer('induction'), async (round, count) => {
    const request = { modes: ['induction'] as const, count, phase: 'seed' as const, round };
    const outcomes = await proposeTasks(dependencies, ledger, memory, request, signal);
    for (const { task } of outcomes) {
      if (task) {
        accept(dependencies, memory, task);
      }
    }
  });
}

const NO_PYTHON =
  'Use a model that writes Python, check that "dialect" fits it, or ask for fewer "seedTasks".';
const NO_END =
  'Most proposals did not come to an end. Raise "maximumProposalTokens", or name the token that ends an answer as "eos_token_id" in the generation_config.json of the model.';

/** Repeats rounds of proposals until the buffer holds the seeds asked for, or the model shows that it cannot. */
async function inRounds(
  { settings, listener }: LoopDependencies,
  ledger: Ledger,
  buffer: { readonly size: number },
  proposeRound: (round: number, count: number) => Promise<void>,
): Promise<void> {
  let fruitless = 0;
  let proposed = 0;
  const total = seedsWanted(settings);
  for (let round = 0; buffer.size < total; round += 1) {
    const before = buffer.size;
    // The first round has one program to vary; once there are more, all that is missing is asked for.
    const missing = round === 0 ? 0 : total - before;
    const count = Math.max(settings.proposalsPerMode, missing);
    proposed += count;
    await proposeRound(round, count);
    fruitless = buffer.size > before ? 0 : fruitless + 1;
    listener({ kind: 'phase', step: 0, phase: 'seed', done: buffer.size, total });
    if (fruitless === FRUITLESS_ROUNDS) {
      throw new ProblemError({
        code: 'cannot-propose',
        message: `The model made ${String(buffer.size)} of ${String(total)} seeds in ${String(proposed)} proposals and no new one in the last ${String(FRUITLESS_ROUNDS)} rounds, reasons: ${reasons(ledger)}.`,
        remedy: reasons(ledger).startsWith('truncated') ? NO_END : NO_PYTHON,
      });
    }
  }
}

function accept(dependencies: LoopDependencies, memory: TaskMemory, task: TaskDraft): void {
  memory.remember(task);
  announceTask(dependencies, task);
}

/** Tells the listener of a task, with its first example and, once known, its solve rate. */
export function announceTask({ listener }: LoopDependencies, task: TaskRecord): void {
  listener({
    kind: 'task',
    step: task.step,
    mode: task.mode,
    program: task.program,
    ...task.examples[0]!,
    ...(task.solveRate === undefined ? {} : { solveRate: task.solveRate }),
  });
}

function reasons(ledger: Ledger): string {
  const counts = new Map<string, number>();
  for (const { reason } of [...ledger.proposals, ...ledger.skipped]) {
    if (reason) {
      counts.set(reason, (counts.get(reason) ?? 0) + 1);
    }
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([reason, count]) => `${reason} ${String(count)}`).join(', ');
}
