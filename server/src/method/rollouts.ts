/** Sampling of completions and their first rows: the part that both roles share. */
import { ProblemError } from '../../protocol/problem.ts';
import type { Completion, SamplingParameters } from '../../protocol/engine.ts';
import type { Phase } from '../../protocol/events.ts';
import type { RolloutRecord } from '../../protocol/records.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import type { Mode, Role } from '../../protocol/vocabulary.ts';
import type { AskingDependencies } from './context.ts';
import type { Prompt } from './dialects/dialect.ts';
import type { Ledger, RolloutDraft } from './ledger.ts';
import { deriveSeed } from './randomStream.ts';

/** How to sample where it is not as the run does. */
export type Sampling = Pick<SamplingParameters, 'temperature' | 'weights'>;

/** What tells a request of a step from its others. */
export interface SamplingOptions {
  /** Part of the seed. */
  readonly round?: number | string;
  readonly sampling?: Sampling;
  /** Where the jobs are a part of what the phase samples: completions before them, and all there will be. */
  readonly part?: { readonly done: number; readonly total: number };
}

/** Completions that the tokenizer gets together: one by one, the messages take longer than the work. */
const DECODED_AT_ONCE = 256;

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
  dependencies: Pick<AskingDependencies, 'engine'>,
  prompt: Prompt,
): Promise<number[]> {
  if (prompt.kind === 'text') {
    return dependencies.engine.encode(prompt.text);
  }
  const tokens = await dependencies.engine.encodeChat(prompt.messages);
  if (!tokens) {
    throw new ProblemError({
      code: 'no-chat-template',
      message: 'The chosen dialect is `chat`, but the tokenizer of the model has no chat template.',
      remedy: 'Set "dialect" to "r1", or use a model whose tokenizer has a chat template.',
    });
  }
  return tokens;
}

/** What comes of a prompt that fills the model's context. */
const NOTHING: Completion = { tokens: [], logProbabilities: [], stopReason: 'length' };

/**
 * Samples all jobs and writes a row for each completion; rows come back grouped by job. Jobs go out in
 * one request, but for those whose own prompt leaves less room than the settings give. Every job of one
 * call is sampled at the run's temperature, estimation rollouts too, where `options.sampling` does not
 * say otherwise.
 */
export async function sampleJobs(
  dependencies: AskingDependencies,
  ledger: Ledger,
  jobs: readonly SamplingJob[],
  phase: Phase,
  signal: AbortSignal,
  options: SamplingOptions = {},
): Promise<RolloutDraft[][]> {
  if (jobs.length === 0) {
    return [];
  }
  const { engine, settings } = dependencies;
  const completions = new Map<SamplingJob, readonly Completion[]>();
  const byLimit = new Map<number, SamplingJob[]>();
  for (const job of jobs) {
    const limit = completionLimit(dependencies, job, phase);
    if (limit === 0) completions.set(job, Array<Completion>(job.samples).fill(NOTHING));
    else byLimit.set(limit, [...(byLimit.get(limit) ?? []), job]);
  }
  const total = options.part?.total ?? jobs.reduce((sum, job) => sum + job.samples, 0);
  ledger.enterPhase(phase, dependencies.clock.now());
  const texts = new Map<Completion, string>();
  let done = options.part?.done ?? 0;
  for (const [maximumTokens, alike] of byLimit) {
    dependencies.listener({ kind: 'phase', step: ledger.step, phase, done, total });
    const parameters: SamplingParameters = {
      ...(options.sampling ?? { temperature: settings.temperature }),
      maximumTokens,
      seed: deriveSeed(
        settings.seed,
        ...['sample', ledger.step, phase, options.round ?? 0],
        // The jobs with all the room that the settings give are named by none.
        ...(maximumTokens === wantedTokens(settings, jobs[0]!.role) ? [] : [maximumTokens]),
      ),
    };
    const requests = alike.map(({ promptTokens, samples }) => ({ promptTokens, samples }));
    const groups = await engine.sample(requests, parameters, signal);
    alike.forEach((job, index) => completions.set(job, groups[index] ?? []));
    const sampled = groups.flat();
    for (let start = 0; start < sampled.length; start += DECODED_AT_ONCE) {
      // A tokenizer may be slow, and the run must still end at once.
      signal.throwIfAborted();
      const some = sampled.slice(start, start + DECODED_AT_ONCE);
      const decoded = await Promise.all(some.map(({ tokens }) => engine.decode(tokens)));
      some.forEach((completion, index) => texts.set(completion, decoded[index]!));
    }
    done += alike.reduce((sum, job) => sum + job.samples, 0);
  }
  return jobs.map((job) => {
    const group = ledger.nextGroup();
    return completions
      .get(job)!
      .map((completion) => addRollout(ledger, job, group, completion, texts.get(completion) ?? ''));
  });
}

/**
 * Tokens that a completion of `job` may have: what the settings say, or what its own prompt leaves of
 * the model's context. The other prompts of its batch have no say in it. 0 where that is nothing and the
 * job measures: what a model cannot read, it cannot answer. Elsewhere, throws ProblemError `prompt-too-long`.
 */
function completionLimit(
  { engine, settings }: AskingDependencies,
  { role, promptTokens }: SamplingJob,
  phase: Phase,
): number {
  const { contextTokens } = engine.description;
  const room = contextTokens - promptTokens.length;
  if (room >= 1) return Math.min(wantedTokens(settings, role), room);
  if (phase === 'probe') return 0;
  throw new ProblemError({
    code: 'prompt-too-long',
    message: `A ${phase} prompt of ${String(promptTokens.length)} tokens leaves no room in the model's context of ${String(contextTokens)}.`,
    remedy:
      'Lower "references", "inductionInputs" or "programCharacters", or use a model with a longer context.',
  });
}

function wantedTokens(settings: RunSettings, role: Role): number {
  return role === 'proposer' ? settings.maximumProposalTokens : settings.maximumAnswerTokens;
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
function promptText(prompt: Prompt): string {
  return prompt.kind === 'text'
    ? prompt.text
    : prompt.messages.map(({ role, content }) => `${role}: ${content}`).join('\n\n');
}
