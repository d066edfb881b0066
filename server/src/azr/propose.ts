/** The proposer's half of a step: prompts from references, completions, validation, new tasks. Paper section 3.3.2 and 3.3.3. */
import type { InputOutput, Proposal, Validation, ValidProposal } from '../../protocol/sandbox.ts';
import type { TaskRecord } from '../../protocol/records.ts';
import type { Mode, RejectionReason } from '../../protocol/vocabulary.ts';
import type { LoopDependencies } from './context.ts';
import type { Prompt } from './dialects/dialect.ts';
import type { Ledger, RolloutDraft, TaskDraft } from './ledger.ts';
import { RandomStream } from './randomStream.ts';
import { encodePrompt, sampleJobs } from './rollouts.ts';
import { questionOf, type SolvableTask } from './solve.ts';
import type { TaskMemory } from './taskMemory.ts';

/** What became of one proposal. */
export interface ProposalOutcome {
  readonly mode: Mode;
  readonly rollout: RolloutDraft;
  readonly task?: TaskDraft;
  readonly reason?: RejectionReason;
  /** Template of a proposal that passed validation, whether or not it was accepted. */
  readonly template?: string;
}

interface Plan {
  readonly mode: Mode;
  readonly prompt: Prompt;
  readonly promptTokens: readonly number[];
  readonly parents: readonly TaskRecord[];
}

interface Rejection {
  readonly valid: false;
  readonly reason: RejectionReason;
  readonly message: string;
  readonly line?: number;
}

/**
 * Asks for `count` proposals per mode and turns the valid, new ones into tasks.
 * @param round tells apart several rounds of one step (seeding needs many)
 */
export async function proposeTasks(
  dependencies: LoopDependencies,
  ledger: Ledger,
  memory: TaskMemory,
  request: {
    readonly modes: readonly Mode[];
    readonly count: number;
    readonly phase: 'seed' | 'propose';
    readonly round: number;
  },
  signal: AbortSignal,
): Promise<ProposalOutcome[]> {
  const plans = request.modes.flatMap((mode) =>
    Array.from({ length: request.count }, (_, index) => {
      const random = new RandomStream(
        dependencies.settings.seed,
        'references',
        ledger.step,
        request.round,
        mode,
        index,
      );
      return planProposal(dependencies, memory, mode, random);
    }),
  );
  const jobs = plans.map(({ mode, prompt, promptTokens }) => ({
    role: 'proposer' as const,
    mode,
    phase: request.phase,
    prompt,
    promptTokens,
    samples: 1,
  }));
  const rollouts = (
    await sampleJobs(dependencies, ledger, jobs, 'propose', signal, { round: request.round })
  ).flat();
  let validated = 0;
  const judged = await Promise.all(
    rollouts.map(async (rollout, index) => {
      const plan = plans[index]!;
      const proposal = readProposal(dependencies, plan, rollout);
      const validation = proposal && (await dependencies.grader.validate(proposal, signal));
      validated += 1;
      dependencies.listener({
        kind: 'phase',
        step: ledger.step,
        phase: 'validate',
        done: validated,
        total: rollouts.length,
      });
      return { plan, rollout, proposal, validation };
    }),
  );
  // Acceptance goes in the order of the prompts, so that duplicates within a step fall the same way every time.
  return judged.map(({ plan, rollout, proposal, validation }) =>
    settle(dependencies, ledger, memory, plan, rollout, proposal, validation),
  );
}

function planProposal(
  dependencies: LoopDependencies,
  memory: TaskMemory,
  mode: Mode,
  random: RandomStream,
): Plan {
  const { dialect, settings } = dependencies;
  if (mode === 'induction') {
    const parent = drawProgram(memory, random);
    const prompt = dialect.proposeInduction(parent.program, settings.inductionInputs);
    return { mode, prompt, promptTokens: encodePrompt(dependencies, prompt), parents: [parent] };
  }
  const references = memory
    .buffer(mode)
    .sample(settings.references, settings.referenceSampling, random);
  // A prompt that would be too long shows fewer references.
  for (let shown = references.length; ; shown -= 1) {
    const parents = references.slice(0, shown);
    const prompt = dialect.proposeTask(
      mode,
      parents.map((task) => ({ program: task.program, ...firstExample(task) })),
    );
    const promptTokens = encodePrompt(dependencies, prompt);
    if (
      shown === 0 ||
      promptTokens.length <= longestPrompt(dependencies, settings.maximumProposalTokens)
    ) {
      return { mode, prompt, promptTokens, parents };
    }
  }
}

/** A program for induction, uniform over the deduction and abduction buffers together. */
function drawProgram(memory: TaskMemory, random: RandomStream): TaskRecord {
  const deduction = memory.buffer('deduction');
  const abduction = memory.buffer('abduction');
  const fromDeduction = random.integer(deduction.size + abduction.size) < deduction.size;
  const [task] = (fromDeduction ? deduction : abduction).sample(1, 'uniform', random);
  if (!task) {
    throw new Error('The buffers are empty: seeding must come before the first proposal.');
  }
  return task;
}

/** Prompts may fill the context up to what an answer needs, and half of it at most. */
function longestPrompt(dependencies: LoopDependencies, completionTokens: number): number {
  const { contextTokens } = dependencies.engine.description;
  const reserved = Math.min(completionTokens, Math.floor(contextTokens / 2));
  return Math.min(dependencies.settings.maximumPromptTokens, contextTokens - reserved);
}

function readProposal(
  dependencies: LoopDependencies,
  plan: Plan,
  rollout: RolloutDraft,
): Proposal | undefined {
  const { dialect, settings } = dependencies;
  if (plan.mode !== 'induction') {
    const read = dialect.readProposal(rollout.completion);
    return read && { mode: plan.mode, ...read };
  }
  const read = dialect.readInductionProposal(rollout.completion);
  return (
    read && {
      mode: 'induction',
      program: plan.parents[0]!.program,
      // The last N blocks count, as in the paper's reader; more than N is no advantage.
      inputs: read.inputs.slice(-settings.inductionInputs),
      message: read.message,
    }
  );
}

function settle(
  dependencies: LoopDependencies,
  ledger: Ledger,
  memory: TaskMemory,
  plan: Plan,
  rollout: RolloutDraft,
  proposal: Proposal | undefined,
  validation: Validation | undefined,
): ProposalOutcome {
  const { mode } = plan;
  const verdict = decide(dependencies, memory, mode, rollout, proposal, validation);
  rollout.executions = validation?.executions ?? [];
  const task = verdict.valid
    ? addTask(dependencies, ledger, memory, plan, proposal!, verdict)
    : undefined;
  if (task) {
    rollout.taskId = task.id;
  }
  ledger.addProposal({
    mode,
    rolloutId: rollout.id,
    referenceTaskIds: plan.parents.map(({ id }) => id),
    ...(proposal ?? {}),
    accepted: task !== undefined,
    ...(verdict.valid ? {} : rejectionFields(verdict)),
    ...(task ? { taskId: task.id } : {}),
  });
  return {
    mode,
    rollout,
    ...(task ? { task } : {}),
    ...(verdict.valid ? {} : { reason: verdict.reason }),
    ...(validation?.valid ? { template: validation.template } : {}),
  };
}

function rejectionFields(rejection: Rejection) {
  return {
    reason: rejection.reason,
    reasonMessage: rejection.message,
    ...(rejection.line === undefined ? {} : { line: rejection.line }),
  };
}

function decide(
  dependencies: LoopDependencies,
  memory: TaskMemory,
  mode: Mode,
  rollout: RolloutDraft,
  proposal: Proposal | undefined,
  validation: Validation | undefined,
): ValidProposal | Rejection {
  if (!proposal || !validation) {
    return rollout.stopReason === 'length'
      ? reject(
          'truncated',
          'The completion reached its length limit before the proposal was whole.',
        )
      : reject('format', 'The completion does not have the form the proposer was asked for.');
  }
  if (!validation.valid) {
    return validation;
  }
  if (memory.isHeldOut(validation)) {
    return reject('held-out', 'The program is one of the frozen held-out set.');
  }
  if (memory.isKnown(mode, validation)) {
    return reject('duplicate', 'An equal task was accepted before in this run.');
  }
  const question = questionOf(solvable(dependencies, proposal, validation));
  const tokens = encodePrompt(dependencies, dependencies.dialect.solve(question)).length;
  return tokens > longestPrompt(dependencies, dependencies.settings.maximumAnswerTokens)
    ? reject('prompt-too-long', `The solver's prompt would have ${String(tokens)} tokens.`)
    : validation;
}

function reject(reason: RejectionReason, message: string): Rejection {
  return { valid: false, reason, message };
}

/** The task as the solver would meet it. At least one example stays hidden, however few inputs turned out usable. */
function solvable(
  { settings }: LoopDependencies,
  proposal: Proposal,
  { examples }: ValidProposal,
): SolvableTask {
  const { mode, program } = proposal;
  return proposal.mode === 'induction'
    ? {
        mode,
        program,
        examples,
        visible: Math.min(settings.inductionVisible, examples.length - 1),
        message: proposal.message,
      }
    : { mode, program, examples, visible: 0 };
}

function addTask(
  dependencies: LoopDependencies,
  ledger: Ledger,
  memory: TaskMemory,
  plan: Plan,
  proposal: Proposal,
  validation: ValidProposal,
): TaskDraft {
  memory.reserve(plan.mode, validation);
  return ledger.addTask({
    ...solvable(dependencies, proposal, validation),
    structure: validation.structure,
    template: validation.template,
    syntaxNodes: validation.syntaxNodes,
    parentTaskIds: plan.parents.map(({ id }) => id),
  });
}

export function firstExample(task: Pick<TaskRecord, 'examples'>): InputOutput {
  return task.examples[0]!;
}
