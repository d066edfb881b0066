/** Opens engines: one started here for a model folder, or one that already runs somewhere. */
import path from 'node:path';

import type { EngineDescription } from '../../protocol/engine.ts';
import { EngineError } from './engineError.ts';
import type { EngineProcessOptions } from './engineProcess.ts';
import { startEngineProcess } from './engineProcess.ts';
import { type MemoryKnowledge, planFor, wirePlan } from './plannedMemory.ts';
import { TinkerClient } from './tinkerClient.ts';
import { TinkerEngine } from './tinkerEngine.ts';
import { FolderTokenizer } from './tokenizer.ts';
import { fieldOf, listIn, textIn } from './replyChecks.ts';
import type { Extensions } from './wire.ts';

interface ModelOptions {
  readonly trainable: 'full' | 'lora';
  readonly loraRank: number;
  readonly loraAlpha: number;
  /** Seed of the adapters' first weights. */
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  /** What is known for a memory plan; without it, the engine works with its own defaults. */
  readonly memory?: MemoryKnowledge | undefined;
}

export type LocalEngineOptions = EngineProcessOptions & ModelOptions;

export interface RemoteEngineOptions extends ModelOptions {
  readonly url: string;
  readonly apiKey: string;
  /** Name of the base model on the server; the only one it has, when not given. */
  readonly model?: string | undefined;
  /** Folder with the same model's tokenizer. */
  readonly tokenizerFolder: string;
  /** How the server reduces token losses, where it does not declare it. */
  readonly lossReduction?: string | undefined;
}

/** Starts the Python server for a model folder; it ends with the engine or with this process. */
export async function openLocalEngine(options: LocalEngineOptions): Promise<TinkerEngine> {
  const tokenizer = await FolderTokenizer.load(options.modelFolder);
  const server = await startEngineProcess(options);
  try {
    const { url, apiKey, gone, close } = server;
    return await open(new TinkerClient({ url, apiKey, gone }), tokenizer, options, close);
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** Connects to a running server of the dialect. */
export async function connectEngine(options: RemoteEngineOptions): Promise<TinkerEngine> {
  const tokenizer = await FolderTokenizer.load(options.tokenizerFolder);
  return await open(new TinkerClient(options), tokenizer, options, () => Promise.resolve());
}

async function open(
  client: TinkerClient,
  tokenizer: FolderTokenizer,
  options: ModelOptions & Partial<RemoteEngineOptions>,
  release: () => Promise<void>,
): Promise<TinkerEngine> {
  const { signal } = options;
  const capabilities = await client.get<unknown>('get_server_capabilities', signal);
  const extensions = extensionsOf(capabilities);
  refuseUnsuitable(extensions, options);
  const plan = planFor(extensions, options.memory);
  const baseModel = options.model ?? onlyModel(capabilities);
  const session = await client.post<unknown>(
    'create_session',
    { tags: ['azr-studio'], user_metadata: {}, sdk_version: 'azr-studio' },
    true,
    signal,
  );
  const created = await client.compute<unknown>(
    'create_model',
    {
      session_id: textIn(session, 'session_id'),
      model_seq_id: 0,
      base_model: baseModel,
      ...(options.trainable === 'lora' && { lora_config: loraConfig(options) }),
      ...(plan !== undefined && { memory_plan: wirePlan(plan) }),
    },
    { signal },
  );
  const information = await client.post<unknown>(
    'get_info',
    { model_id: textIn(created, 'model_id') },
    true,
    signal,
  );
  return new TinkerEngine({
    client,
    tokenizer,
    extensions,
    description: describe(information, extensions, options.trainable),
    sessionId: textIn(session, 'session_id'),
    modelId: textIn(created, 'model_id'),
    release,
  });
}

/** Refuses servers whose results would silently mean something else. */
function refuseUnsuitable(
  extensions: Extensions,
  options: ModelOptions & Partial<RemoteEngineOptions>,
): void {
  const reduction = extensions.loss_reduction ?? options.lossReduction;
  if (reduction !== 'sum') {
    throw new EngineError(
      'loss_reduction_unsupported',
      `The engine reduces token losses by ${reduction ?? 'a rule it does not declare'}; advantages here are weighted for a sum.`,
      "Use a server that sums token losses. If this one does but does not declare it, name lossReduction 'sum'.",
    );
  }
  if (options.trainable === 'full' && extensions.full_fine_tuning !== true) {
    throw new EngineError(
      'full_fine_tuning_unsupported',
      'The engine trains adapters only.',
      'Set trainable to lora.',
    );
  }
}

function onlyModel(capabilities: unknown): string {
  const names = listIn(capabilities, 'supported_models').map((model) =>
    textIn(model, 'model_name'),
  );
  const [first, ...others] = names;
  if (first !== undefined && others.length === 0) return first;
  throw new EngineError(
    'model_not_named',
    `The engine serves ${names.length} models.`,
    `Name one of: ${names.join(', ')}.`,
  );
}

function loraConfig({ loraRank, loraAlpha, seed }: ModelOptions): object {
  return {
    rank: loraRank,
    alpha: loraAlpha,
    seed,
    train_attn: true,
    train_mlp: true,
    train_unembed: false,
  };
}

/** Extensions of the types that they must have; one of another type is as good as none. */
function extensionsOf(capabilities: unknown): Extensions {
  const declared = fieldOf(capabilities, 'extensions');
  if (typeof declared !== 'object' || declared === null) return {};
  const isFitting = ([name, value]: [string, unknown]): boolean =>
    !(name in EXTENSION_TYPES) || typeof value === EXTENSION_TYPES[name];
  return Object.fromEntries(Object.entries(declared).filter(isFitting));
}

const EXTENSION_TYPES: Readonly<Record<string, string>> = {
  server: 'string',
  device: 'string',
  device_memory_bytes: 'number',
  memory_plan: 'boolean',
  grad_clip_norm: 'boolean',
  context_tokens: 'number',
  loss_reduction: 'string',
  sampler_matches_trainer: 'boolean',
  full_fine_tuning: 'boolean',
  asample_batch: 'boolean',
  cancel_future: 'boolean',
  checkpoint_folder: 'string',
  maximum_request_bytes: 'number',
};

function describe(
  information: unknown,
  extensions: Extensions,
  trainable: 'full' | 'lora',
): EngineDescription {
  return {
    server: extensions.server ?? 'tinker',
    model: path.basename(textIn(information, 'model_name')),
    device: textOr(information, 'device') ?? extensions.device ?? 'unknown',
    parameters: numberOr(information, 'parameters') ?? 0,
    trainable,
    samplerMatchesTrainer: extensions.sampler_matches_trainer === true,
    contextTokens: numberOr(information, 'context_tokens') ?? extensions.context_tokens ?? 0,
  };
}

function textOr(reply: unknown, name: string): string | undefined {
  const value = fieldOf(reply, name);
  return typeof value === 'string' ? value : undefined;
}

function numberOr(reply: unknown, name: string): number | undefined {
  const value = fieldOf(reply, name);
  return typeof value === 'number' ? value : undefined;
}
