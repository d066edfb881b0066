/** Opens engines: one started here for a model folder, or one that already runs somewhere. */
import path from 'node:path';

import type { EngineDescription } from '../../protocol/engine.ts';
import { EngineError } from './engineError.ts';
import type { EngineProcessOptions } from './engineProcess.ts';
import { startEngineProcess } from './engineProcess.ts';
import type { DeviceKind, MemoryDemand, MemoryPlan, ModelShape } from './memoryPlan.ts';
import { describePlan, planMemory, waysToFit } from './memoryPlan.ts';
import { TinkerClient } from './tinkerClient.ts';
import { TinkerEngine } from './tinkerEngine.ts';
import { FolderTokenizer } from './tokenizer.ts';
import type { Extensions, ModelInformation, ServerCapabilities } from './wire.ts';

interface ModelOptions {
  readonly trainable: 'full' | 'lora';
  readonly loraRank: number;
  readonly loraAlpha: number;
  /** Of the adapters' inputs, while gradients are computed. */
  readonly loraDropout: number;
  /** Seed of the adapters' first weights and of what they drop. */
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  /** What is known for a memory plan; without it, the engine works with its own defaults. */
  readonly memory?: MemoryKnowledge | undefined;
}

export interface MemoryKnowledge {
  readonly shape: ModelShape;
  readonly demand: MemoryDemand;
  /** Of this machine; a GPU with memory of its own tells it itself. */
  readonly machineMemoryMb: number;
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
  const capabilities = await client.get<ServerCapabilities>('get_server_capabilities', signal);
  const extensions = capabilities.extensions ?? {};
  refuseUnsuitable(extensions, options);
  const plan = planFor(extensions, options.memory);
  const baseModel = options.model ?? onlyModel(capabilities);
  const session = await client.post<{ session_id: string }>(
    'create_session',
    { tags: ['azr-studio'], user_metadata: {}, sdk_version: 'azr-studio' },
    true,
    signal,
  );
  const created = await client.compute<{ model_id: string }>(
    'create_model',
    {
      session_id: session.session_id,
      model_seq_id: 0,
      base_model: baseModel,
      ...(options.trainable === 'lora' && { lora_config: loraConfig(options) }),
      ...(plan !== undefined && { memory_plan: wirePlan(plan) }),
    },
    { signal },
  );
  const information = await client.post<ModelInformation>(
    'get_info',
    { model_id: created.model_id },
    true,
    signal,
  );
  return new TinkerEngine({
    client,
    tokenizer,
    extensions,
    description: describe(information, extensions, options.trainable),
    sessionId: session.session_id,
    modelId: created.model_id,
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
  const drops = options.trainable === 'lora' && options.loraDropout > 0;
  if (drops && extensions.lora_dropout?.settable !== true) {
    throw new EngineError(
      'lora_dropout_unsupported',
      `The engine has no setting for the dropout of adapters; the run asks for ${options.loraDropout}.`,
      'Set loraDropout to 0, or use the local engine.',
    );
  }
}

/** Throws an EngineError, before the model is loaded, when it would not fit the engine's device. */
function planFor(
  { memory_plan, device, device_memory_bytes }: Extensions,
  memory: MemoryKnowledge | undefined,
): MemoryPlan | undefined {
  if (memory === undefined || memory_plan !== true || !isDeviceKind(device)) return undefined;
  const { shape, demand, machineMemoryMb } = memory;
  const ownMb = (device_memory_bytes ?? machineMemoryMb * 2 ** 20) / 2 ** 20;
  const known = { device, memoryMb: Math.floor(ownMb) };
  const plan = planMemory(shape, demand, known);
  if (plan.fits) return plan;
  const ways = waysToFit(shape, demand, known);
  throw new EngineError(
    'does_not_fit',
    `The run does not fit the memory of this machine's ${device.toUpperCase()}: it would take ${describePlan(plan)}.`,
    `One of these makes it fit: ${ways.join('; ')}.`,
  );
}

function isDeviceKind(device: string | undefined): device is DeviceKind {
  return device === 'cuda' || device === 'mps' || device === 'cpu';
}

function wirePlan(plan: MemoryPlan): object {
  return {
    micro_batch_tokens: plan.microBatchTokens,
    recompute_layers: plan.recomputeLayers,
    cache_tokens: plan.cacheTokens,
  };
}

function onlyModel({ supported_models }: ServerCapabilities): string {
  const [first, ...others] = supported_models;
  if (first !== undefined && others.length === 0) return first.model_name;
  throw new EngineError(
    'model_not_named',
    `The engine serves ${supported_models.length} models.`,
    `Name one of: ${supported_models.map(({ model_name }) => model_name).join(', ')}.`,
  );
}

function loraConfig({ loraRank, loraAlpha, loraDropout, seed }: ModelOptions): object {
  return {
    rank: loraRank,
    alpha: loraAlpha,
    ...(loraDropout > 0 && { dropout: loraDropout }),
    seed,
    train_attn: true,
    train_mlp: true,
    train_unembed: false,
  };
}

function describe(
  information: ModelInformation,
  extensions: Extensions,
  trainable: 'full' | 'lora',
): EngineDescription {
  return {
    server: extensions.server ?? 'tinker',
    model: path.basename(information.model_name),
    device: information.device ?? extensions.device ?? 'unknown',
    parameters: information.parameters ?? 0,
    trainable,
    samplerMatchesTrainer: extensions.sampler_matches_trainer === true,
    contextTokens: information.context_tokens ?? extensions.context_tokens ?? 0,
  };
}
