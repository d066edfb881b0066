/** What one proposal is asked from: references for abduction and deduction, a program for induction. Paper section 3.3.2. */
import type { TaskRecord } from '../../../protocol/records.ts';
import type { Mode } from '../../../protocol/vocabulary.ts';
import type { LoopDependencies } from '../context.ts';
import type { Prompt } from '../dialects/dialect.ts';
import { promptRoom } from '../promptRoom.ts';
import type { RandomStream } from '../randomStream.ts';
import { encodePrompt } from '../rollouts.ts';
import type { TaskMemory } from '../memory/taskMemory.ts';

export interface ProposalPlan {
  readonly mode: Mode;
  readonly prompt: Prompt;
  readonly promptTokens: readonly number[];
  /** The references shown, or the one task whose program induction starts from. */
  readonly parents: readonly TaskRecord[];
}

/** A proposal that is not asked for, because nothing in the buffers makes a prompt that fits. */
export interface SkippedProposal {
  readonly mode: Mode;
  readonly skipped: 'prompt-too-long';
}

/** @param random decides about references and programs; named by what the plan is for */
export async function planProposal(
  dependencies: LoopDependencies,
  memory: TaskMemory,
  mode: Mode,
  random: RandomStream,
): Promise<ProposalPlan | SkippedProposal> {
  return mode === 'induction'
    ? planInduction(dependencies, memory, random)
    : planFromReferences(dependencies, memory, mode, random);
}

/** A prompt that would be too long shows fewer references. */
async function planFromReferences(
  dependencies: LoopDependencies,
  memory: TaskMemory,
  mode: 'deduction' | 'abduction',
  random: RandomStream,
): Promise<ProposalPlan> {
  const { dialect, settings } = dependencies;
  const { references, referenceSampling } = settings;
  const room = promptRoom(dependencies, settings.maximumProposalTokens);
  const drawn = memory.buffer(mode).sample(references, referenceSampling, random);
  for (let shown = drawn.length; ; shown -= 1) {
    const parents = drawn.slice(0, shown);
    const prompt = dialect.proposeTask(
      mode,
      parents.map(({ program, examples }) => ({ program, ...examples[0]! })),
    );
    const promptTokens = await encodePrompt(dependencies, prompt);
    // Without references there is nothing left to leave out; sampling refuses what is still too long.
    if (shown === 0 || promptTokens.length <= room) {
      return { mode, prompt, promptTokens, parents };
    }
  }
}

/** A program that would make the prompt too long is put back and another drawn, until all were tried. */
async function planInduction(
  dependencies: LoopDependencies,
  memory: TaskMemory,
  random: RandomStream,
): Promise<ProposalPlan | SkippedProposal> {
  const { dialect, settings } = dependencies;
  const room = promptRoom(dependencies, settings.maximumProposalTokens);
  for (const parent of programsInDrawOrder(memory, random)) {
    const prompt = dialect.proposeInduction(parent.program, settings.inductionInputs);
    const promptTokens = await encodePrompt(dependencies, prompt);
    if (promptTokens.length <= room) {
      return { mode: 'induction', prompt, promptTokens, parents: [parent] };
    }
  }
  return { mode: 'induction', skipped: 'prompt-too-long' };
}

/** Programs for induction, each draw uniform over what is left of the deduction and abduction buffers together. */
function* programsInDrawOrder(memory: TaskMemory, random: RandomStream): Generator<TaskRecord> {
  const left = (['deduction', 'abduction'] as const).flatMap((mode) => memory.buffer(mode).all());
  if (left.length === 0) {
    throw new Error('The buffers are empty: seeding must come before the first proposal.');
  }
  while (left.length > 0) {
    const index = random.integer(left.length);
    const drawn = left[index]!;
    left[index] = left.at(-1)!;
    left.pop();
    yield drawn;
  }
}
