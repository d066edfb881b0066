/** Answers requests with one model: from their parameters to answers in OpenAI's form. */
import type { Completion, ServedEngine, TokenScore } from '../../protocol/engine.ts';
import { type AnswerFrame, answerFrame } from './answerFrame.ts';
import { choiceOf, echoedTokens } from './answers.ts';
import { chatAnswer, chatEvents } from './chatAnswer.ts';
import { readChatRequest } from './chatRequest.ts';
import { completionAnswer, completionChoice, completionEvents } from './completionAnswer.ts';
import { type CompletionRequest, readCompletionRequest } from './completionRequest.ts';
import type { EngineQueue, Sampling } from './engineQueue.ts';
import type { SharedParameters } from './parameters.ts';
import { RefusedRequest } from './refusedRequest.ts';
import { RequestFields, wrongParameter } from './requestFields.ts';
import type { NamedPolicy } from '../run/namedPolicy.ts';

export interface ServiceParts {
  readonly model: NamedPolicy;
  readonly queue: EngineQueue;
  /** The engine, once there is one that has not ended. */
  readonly engine: () => Promise<ServedEngine>;
}

/** A whole answer, or one to be sent event by event. */
export type Answer = { readonly body: object } | { readonly events: readonly object[] };

export class ModelService {
  readonly #parts: ServiceParts;
  readonly #startedSeconds = Math.floor(Date.now() / 1000);

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  /** The list of models, which has one. */
  async models(): Promise<Answer> {
    const { model, engine } = this.#parts;
    const { contextTokens } = (await engine()).description;
    const one = {
      ...{ id: model.name, object: 'model', created: this.#startedSeconds, owned_by: 'azr-studio' },
      // Not OpenAI's, but asked for by clients of other servers.
      max_model_len: contextTokens,
    };
    return { body: { object: 'list', data: [one] } };
  }

  /** `text` is the body of a request. Rejects like {@link EngineQueue.sample}. */
  async complete(text: string, signal: AbortSignal): Promise<Answer> {
    const fields = new RequestFields(text);
    const request = readCompletionRequest(fields);
    this.#requireModel(fields);
    const engine = await this.#parts.engine();
    const prompts = await Promise.all(
      request.prompts.map(async (prompt) =>
        typeof prompt === 'string' ? engine.encode(prompt) : prompt,
      ),
    );
    for (const tokens of prompts)
      this.#requireRoom(engine, tokens, request.maximumTokens, 'prompt');
    const [groups, scores] = await Promise.all([
      this.#sample(engine, prompts, request, signal),
      this.#scores(prompts, request, signal),
    ]);
    const choices = await Promise.all(
      groups.flatMap((group, prompt) =>
        group.map((completion, place) =>
          this.#choice(
            engine,
            request,
            prompt,
            prompts[prompt]!,
            scores[prompt],
            completion,
            prompt * request.choices + place,
          ),
        ),
      ),
    );
    const frame = this.#frame('cmpl', prompts, groups, request);
    return request.stream
      ? { events: completionEvents(frame, choices) }
      : { body: completionAnswer(frame, choices) };
  }

  /** `text` is the body of a request. Rejects like {@link EngineQueue.sample}. */
  async chat(text: string, signal: AbortSignal): Promise<Answer> {
    const fields = new RequestFields(text);
    const request = readChatRequest(fields);
    this.#requireModel(fields);
    const engine = await this.#parts.engine();
    const tokens = await engine.encodeChat(request.messages);
    if (tokens === undefined) throw this.#noTemplate();
    this.#requireRoom(engine, tokens, request.maximumTokens ?? 1, 'messages');
    const room = engine.description.contextTokens - tokens.length;
    const maximumTokens =
      request.maximumTokens ?? (this.#isLocal ? engine.description.contextTokens : room);
    const groups = await this.#sample(engine, [tokens], { ...request, maximumTokens }, signal);
    const choices = await Promise.all(
      groups.flat().map((completion) => choiceOf(engine, completion, request)),
    );
    const frame = this.#frame('chatcmpl', [tokens], groups, request);
    const hasLogProbabilities = request.topTokens !== undefined;
    return request.stream
      ? { events: chatEvents(frame, choices, hasLogProbabilities) }
      : { body: chatAnswer(frame, choices, hasLogProbabilities) };
  }

  /** Our own engine ends each answer where the context ends; others are asked for what has room. */
  get #isLocal(): boolean {
    return this.#parts.model.prepared.settings.engineUrl === 'local';
  }

  async #sample(
    engine: ServedEngine,
    prompts: readonly (readonly number[])[],
    { choices, ...parameters }: Sampling & Pick<SharedParameters, 'choices'>,
    signal: AbortSignal,
  ): Promise<readonly (readonly Completion[])[]> {
    const nothing: Completion = { tokens: [], logProbabilities: [], stopReason: 'length' };
    if (parameters.maximumTokens === 0)
      return prompts.map(() => Array.from({ length: choices }, () => nothing));
    const items = prompts.map((promptTokens) => ({ promptTokens, samples: choices }));
    const most = Math.min(parameters.maximumTokens, engine.description.contextTokens);
    return this.#parts.queue.sample(items, { ...parameters, maximumTokens: most }, signal);
  }

  /** Of each prompt that is echoed with log-probabilities; none of other prompts. */
  async #scores(
    prompts: readonly (readonly number[])[],
    { echo, topTokens }: CompletionRequest,
    signal: AbortSignal,
  ): Promise<readonly (readonly TokenScore[])[]> {
    if (!echo || topTokens === undefined) return [];
    if (this.#parts.model.weights === 'average') throw averageNotScored();
    const items = prompts.map((tokens) => ({
      promptTokens: tokens.slice(0, 1),
      completionTokens: tokens.slice(1),
    }));
    const scored = items.filter(({ completionTokens }) => completionTokens.length > 0);
    const scores = scored.length === 0 ? [] : await this.#parts.queue.score(scored, signal);
    return items.map((item) => scores[scored.indexOf(item)] ?? []);
  }

  async #choice(
    engine: ServedEngine,
    request: CompletionRequest,
    prompt: number,
    promptTokens: readonly number[],
    scores: readonly TokenScore[] | undefined,
    completion: Completion,
    index: number,
  ): Promise<object> {
    const { echo, topTokens, prompts } = request;
    const choice = await choiceOf(engine, completion, request);
    const tokens = topTokens === undefined ? undefined : choice.tokens;
    if (!echo) return completionChoice(choice, index, tokens);
    const given = prompts[prompt]!;
    const text = typeof given === 'string' ? given : await engine.decode(given);
    const echoed =
      topTokens === undefined
        ? []
        : await echoedTokens(engine, promptTokens, scores ?? [], topTokens);
    return completionChoice(
      { ...choice, text: text + choice.text },
      index,
      tokens && [...echoed, ...tokens],
    );
  }

  #frame(
    prefix: 'cmpl' | 'chatcmpl',
    prompts: readonly (readonly number[])[],
    groups: readonly (readonly Completion[])[],
    { streamsUsage }: SharedParameters,
  ): AnswerFrame {
    const asked = prompts.reduce((sum, tokens) => sum + tokens.length, 0);
    const sampled = groups.flat().reduce((sum, { tokens }) => sum + tokens.length, 0);
    return answerFrame(prefix, this.#parts.model.name, asked, sampled, streamsUsage);
  }

  #requireModel(fields: RequestFields): void {
    const { name } = this.#parts.model;
    const wanted = fields.text('model') ?? name;
    if (wanted === name) return;
    throw new RefusedRequest(
      404,
      {
        code: 'model_not_found',
        message: `The model ${JSON.stringify(wanted.slice(0, 200))} is not served here.`,
        remedy: `Ask for "${name}", or serve the other one with "azr serve".`,
      },
      'model',
    );
  }

  #requireRoom(
    { description }: ServedEngine,
    tokens: readonly number[],
    wanted: number,
    parameter: string,
  ): void {
    if (tokens.length === 0) throw wrongParameter(parameter, 'has a prompt without a token');
    const { contextTokens } = description;
    const needed = tokens.length + (this.#isLocal ? Math.min(wanted, 1) : wanted);
    if (needed <= contextTokens) return;
    throw new RefusedRequest(
      400,
      {
        code: 'context_length_exceeded',
        message: `This model's context has ${contextTokens} tokens; the prompt has ${tokens.length}${wanted > 0 ? `, and the answer is to have room for ${needed - tokens.length}` : ''}.`,
        remedy: 'Shorten the prompt, or ask for fewer tokens.',
      },
      parameter,
    );
  }

  #noTemplate(): RefusedRequest {
    const { name, prepared } = this.#parts.model;
    return new RefusedRequest(
      400,
      {
        code: 'no-chat-template',
        message: `${name} has no chat template, so nothing says how it is to be told a conversation.`,
        remedy: `Send prompts to /v1/completions, written as the model knows them: its dialect here is "${prepared.dialect.name}" (docs/serving.md).`,
      },
      'messages',
    );
  }
}

function averageNotScored(): RefusedRequest {
  return new RefusedRequest(
    400,
    {
      code: 'unsupported_parameter',
      message:
        '"echo" with "logprobs" is not supported for this run: answers come from the moving average of its weights, and the engine scores texts by the trained weights only.',
      remedy: 'Leave "echo" out, or serve a run whose "averageDecay" is 0.',
    },
    'echo',
  );
}
