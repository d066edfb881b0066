/** Sampling of completions and their first rows: the part that both roles share. */
import type { Completion, SamplingParameters } from '../../protocol/engine.ts';
import type { Phase } from '../../protocol/events.ts';
import type { RolloutRecord } from '../../protocol/records.ts';
import type { Mode, Role } from '../../protocol/vocabulary.ts';
import { LoopError, type LoopDependencies } from './context.ts';
import type { Prompt } from './dialects/dialect.ts';
import type { Ledger, RolloutDraft } from './ledger.ts';
import { deriveSeed } from './randomStream.ts';

export interface SamplingJob {
  readonly role: Role;
  readonly mode: Mode;
  readonly phase: RolloutRecord['phase'];
  readonly prompt: Prompt;
  readonly promptTokens: readonly number[];
  readonly samples: number;
  readonly taskId?: number;
}

/** Token ids of a prompt as the engine's tokenizer and chat template give them. */
export async function encodePrompt(
  dependencies: Pick<LoopDependencies, 'engine'>,
  prompt: Prompt,
): Promise<number[]> {
  if (prompt.kind === 'text') {
    return dependencies.engine.encode(prompt.text);
  }
  const tokens = await dependencies.engine.encodeChat(prompt.messages);
  if (!tokens) {
    throw new LoopError(
      'no-chat-template',
      'The chosen dialect is `chat`, but the tokenizer of the model has no chat template.',
      'Set "dialect" to "r1", or use a model whose tokenizer has a chat template.',
    );
  }
  return tokens;
}

/**
 * Samples all jobs in one request and writes a row for each completion; rows come back grouped by
 * job. Every job of one call is sampled at the run's temperature, estimation rollouts too.
 */
export async function sampleJobs(
  dependencies: LoopDependencies,
  ledger: Ledger,
  jobs: readonly SamplingJob[],
  phase: Phase,
  signal: AbortSignal,
  options: { readonly round?: number | string } = {},
): Promise<RolloutDraft[][]> {
  if (jobs.length === 0) {
    return [];
  }
  const { engine, settings } = dependencies;
  const longestPrompt = Math.max(...jobs.map((job) => job.promptTokens.length));
  const maximumTokens = Math.min(
    jobs[0]?.role === 'proposer' ? settings.maximumProposalTokens : settings.maximumAnswerTokens,
    engine.description.contextTokens - longestPrompt,
  );
  if (maximumTokens < 1) {
    throw new LoopError(
      'prompt-too-long',
      `A ${phase} prompt of ${String(longestPrompt)} tokens leaves no room in the model's context of ${String(engine.description.contextTokens)}.`,
      'Lower "references", "inductionInputs" or "programCharacters", or use a model with a longer context.',
    );
  }
  const parameters: SamplingParameters = {
    temperature: settings.temperature,
    topP: settings.topP,
    maximumTokens,
    seed: deriveSeed(settings.seed, 'sample', ledger.step, phase, options.round ?? 0),
  };
  const total = jobs.reduce((sum, job) => sum + job.samples, 0);
  ledger.enterPhase(phase, dependencies.clock.now());
  dependencies.listener({ kind: 'phase', step: ledger.step, phase, done: 0, total });
  const requests = jobs.map(({ promptTokens, samples }) => ({ promptTokens, samples }));
  const groups = await engine.sample(requests, parameters, signal);
  const texts = new Map<Completion, string>();
  for (const completion of groups.flat()) {
    // A tokenizer may be slow, and the run is to end all the same.
    signal.throwIfAborted();
    texts.set(completion, await engine.decode(completion.tokens));
  }
  return jobs.map((job, index) => {
    const group = ledger.nextGroup();
    const completions = groups[index] ?? [];
    return completions.map((completion) =>
      addRollout(ledger, job, group, completion, texts.get(completion) ?? ''),
    );
  });
}

function addRollout(
  ledger: Ledger,
  job: SamplingJob,
  group: number,
  completion: Completion,
  text: string,
): RolloutDraft {
  return ledger.addRollout({
    role: job.role,
    mode: job.mode,
    phase: job.phase,
    ...(job.taskId === undefined ? {} : { taskId: job.taskId }),
    group,
    prompt: promptText(job.prompt),
    completion: text,
    promptTokens: job.promptTokens,
    tokens: completion.tokens,
    logProbabilities: completion.logProbabilities,
    stopReason: completion.stopReason,
    executions: [],
    rewardTerms: [],
    trained: false,
  });
}

/** A prompt as rollouts keep it, to be read by people. */
export function promptText(prompt: Prompt): string {
  return prompt.kind === 'text'
    ? prompt.text
    : prompt.messages.map(({ role, content }) => `${role}: ${content}`).join('\n\n');
}
