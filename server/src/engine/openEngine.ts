/** Opens engines: one started here for a model folder, or one that already runs somewhere. */
import { ProblemError } from '../../protocol/problem.ts';
import path from 'node:path';

import type { AdamParameters, EngineDescription, TrainingLoss } from '../../protocol/engine.ts';
import type { EngineServer } from '../../protocol/engineServers.ts';
import { foreignSentence } from '../../protocol/foreignProblem.ts';
import type { EngineProcessOptions } from './engineProcess.ts';
import { startEngineProcess } from './engineProcess.ts';
import type { MemoryDemand } from './memoryNeeds.ts';
import type { ModelFacts } from './modelFacts.ts';
import { readModelFacts } from './modelFacts.ts';
import { refuseModel, refuseUpdate } from './refuseUnsuitable.ts';
import { fieldOf, listIn, textIn } from './tinker/replyChecks.ts';
import { serverTraits } from './tinker/serverTraits.ts';
import { TinkerClient } from './tinker/tinkerClient.ts';
import { TinkerEngine } from './tinker/tinkerEngine.ts';
import { TinkerModels } from './tinker/tinkerModels.ts';
import { FolderTokenizer } from './tokenizer/tokenizer.ts';
import type { Extensions } from './tinker/wire.ts';

/** How long a server may take to hear that a model is not wanted any more. */
const UNLOAD_MS = 2_000;

interface ModelOptions {
  readonly trainable: 'full' | 'lora';
  readonly loraRank: number;
  readonly loraAlpha: number;
  /** Of the adapters' inputs, while gradients are computed. */
  readonly loraDropout: number;
  /** Seed of the adapters' first weights and of what they drop. */
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  /** What an engine plans its memory by, if it can; without it, it works with its own defaults. */
  readonly memoryDemand?: MemoryDemand | undefined;
}

export type LocalEngineOptions = EngineProcessOptions & ModelOptions;

export interface RemoteEngineOptions extends ModelOptions {
  readonly url: string;
  readonly apiKey: string;
  /** Name of the base model on a server that has several. */
  readonly model?: string | undefined;
  /** Folder with the same model's tokenizer and configuration. */
  readonly tokenizerFolder: string;
  /** How many weights the model has, for a server that does not say. */
  readonly parameters?: number | undefined;
  /** What kind of server it is, where it does not declare that itself. */
  readonly server?: EngineServer | undefined;
  /** Every kind of update of the run, so that one the server cannot do is refused before anything starts. */
  readonly updates?:
    readonly { readonly loss: TrainingLoss; readonly adam: AdamParameters }[] | undefined;
}

/** Starts the Python server for a model folder; it ends with the engine or with this process. */
export async function openLocalEngine(options: LocalEngineOptions): Promise<TinkerEngine> {
  const server = await startEngineProcess(options);
  try {
    const { url, apiKey, gone, close } = server;
    const client = new TinkerClient({ url, apiKey, gone });
    return await open(client, options.modelFolder, options, close, options.checkpointFolder);
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** Connects to a running server of the dialect. */
export async function connectEngine(options: RemoteEngineOptions): Promise<TinkerEngine> {
  const client = new TinkerClient(options);
  return open(client, options.tokenizerFolder, options, () => Promise.resolve());
}

async function open(
  client: TinkerClient,
  folder: string,
  options: ModelOptions & Partial<RemoteEngineOptions>,
  release: () => Promise<void>,
  checkpointFolder?: string,
): Promise<TinkerEngine> {
  const { signal, updates = [] } = options;
  const capabilities = await client.get<unknown>('get_server_capabilities', signal);
  const declared = declaredExtensions(capabilities);
  const traits = serverTraits(declared, options.server);
  refuseModel(traits, options);
  for (const { loss, adam } of updates) refuseUpdate(traits, loss, adam);
  const extensions = declared ?? {};
  const tokenizer = await FolderTokenizer.load(folder);
  try {
    const session = await client.post<unknown>(
      'create_session',
      { tags: ['azr-studio'], user_metadata: {}, sdk_version: 'azr-studio' },
      true,
      signal,
    );
    const sessionId = textIn(session, 'session_id');
    const models = new TinkerModels(client, traits, {
      ...options,
      sessionId,
      baseModel: servedModel(capabilities, options.model),
      memoryDemand: extensions.memory_demand === true ? options.memoryDemand : undefined,
    });
    const facts = await readModelFacts(folder);
    const endTokens = await endTokensOf(facts, tokenizer);
    const modelId = await models.create(signal);
    const information = await informationOf(client, models, modelId, signal);
    return new TinkerEngine({
      client,
      tokenizer,
      extensions,
      checkpointFolder,
      traits,
      endTokens,
      description: {
        ...describe(information, extensions, facts, options),
        server: traits.server,
        trainable: options.trainable,
        losses: traits.losses.filter((loss) => loss !== 'cross_entropy'),
      },
      sessionId,
      models,
      modelId,
      release,
    });
  } catch (error) {
    tokenizer.close();
    throw error;
  }
}

/** All that the folder names: its files differ in many a published model, and one that is left out never ends an answer. */
async function endTokensOf(
  { endTokens }: ModelFacts,
  tokenizer: FolderTokenizer,
): Promise<readonly number[]> {
  const ofTokenizer = await tokenizer.endToken();
  return [...new Set([...endTokens, ...(ofTokenizer === undefined ? [] : [ofTokenizer])])];
}

/** A model whose server cannot say what it is is given back: a server elsewhere has room for a few. */
async function informationOf(
  client: TinkerClient,
  models: TinkerModels,
  modelId: string,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  try {
    return await client.post<unknown>('get_info', { model_id: modelId }, true, signal);
  } catch (error) {
    await models.unload(modelId, AbortSignal.timeout(UNLOAD_MS)).catch(() => undefined);
    throw error;
  }
}

function servedModel(capabilities: unknown, wanted?: string): string {
  const names = listIn(capabilities, 'supported_models').map((model) =>
    textIn(model, 'model_name'),
  );
  const [first] = names;
  if (first !== undefined && names.length === 1) return first;
  if (wanted !== undefined && names.includes(wanted)) return wanted;
  const listed = names.slice(0, 20).map(shortName).join(', ');
  throw new ProblemError({
    code: 'model_not_named',
    message: `The engine serves ${names.length} models, and none by the name ${wanted ?? '(none given)'}.`,
    remedy: `Set "model" to one of these, fetched to this machine for its tokenizer: ${listed}.`,
  });
}

function describe(
  information: unknown,
  extensions: Extensions,
  facts: ModelFacts,
  { url, parameters }: Partial<RemoteEngineOptions>,
): Omit<EngineDescription, 'server' | 'trainable' | 'losses'> {
  // Ours says it here, SkyRL in `model_data`.
  const inner = fieldOf(information, 'model_data');
  const name = textOr(information, 'model_name') ?? textOr(inner, 'model_name');
  const contextTokens = numberOr(information, 'context_tokens') ?? extensions.context_tokens;
  // A server that does not name its device is told apart by its address.
  const place = extensions.device ?? URL.parse(url ?? '')?.host;
  return {
    model: path.basename(name ?? 'unknown'),
    device: textOr(information, 'device') ?? place ?? 'unknown',
    parameters: numberOr(information, 'parameters') ?? parameters ?? 0,
    samplerMatchesTrainer: extensions.sampler_matches_trainer === true,
    contextTokens: contextTokens ?? facts.contextTokens ?? 0,
  };
}

/** Undefined when the server declares nothing. One of another type than it must have is left out. */
function declaredExtensions(capabilities: unknown): Extensions | undefined {
  const declared = fieldOf(capabilities, 'extensions');
  if (typeof declared !== 'object' || declared === null) return undefined;
  const isFitting = ([name, value]: [string, unknown]): boolean =>
    !(name in EXTENSION_TYPES) || typeOf(value) === EXTENSION_TYPES[name];
  const shortened = ([name, value]: [string, unknown]): [string, unknown] => [
    name,
    SHOWN_TEXTS.includes(name) && typeof value === 'string' ? shortName(value) : value,
  ];
  return Object.fromEntries(Object.entries(declared).filter(isFitting).map(shortened));
}

/** Texts that are told to a person, and nothing else is done with them. */
const SHOWN_TEXTS = ['server', 'device', 'loss_reduction'];

const EXTENSION_TYPES: Readonly<Record<string, string>> = {
  server: 'string',
  device: 'string',
  lora_dropout: 'object',
  memory_demand: 'boolean',
  grad_clip_norm: 'boolean',
  losses: 'list',
  context_tokens: 'number',
  loss_reduction: 'string',
  sampler_matches_trainer: 'boolean',
  full_fine_tuning: 'boolean',
  asample_batch: 'boolean',
  cancel_future: 'boolean',
  maximum_request_bytes: 'number',
  loss_temperature: 'boolean',
  entropy_bonus: 'boolean',
  weight_average: 'boolean',
  optimizers: 'list',
  top_tokens: 'boolean',
};

function typeOf(value: unknown): string {
  return Array.isArray(value) ? 'list' : typeof value;
}

function textOr(reply: unknown, name: string): string | undefined {
  const value = fieldOf(reply, name);
  return typeof value === 'string' ? shortName(value) : undefined;
}

/** A server's name for something, which stands in a sentence or a line of facts. */
function shortName(name: string): string {
  return foreignSentence(name, 100);
}

function numberOr(reply: unknown, name: string): number | undefined {
  const value = fieldOf(reply, name);
  return typeof value === 'number' ? value : undefined;
}
