/** Opens engines: one started here for a model folder, or one that already runs somewhere. */
import path from 'node:path';

import type { AdamParameters, EngineDescription, PolicyLoss } from '../../protocol/engine.ts';
import type { EngineServer } from '../../protocol/engineServers.ts';
import { EngineError } from './engineError.ts';
import type { EngineProcessOptions } from './engineProcess.ts';
import { startEngineProcess } from './engineProcess.ts';
import type { DeviceKind, MemoryDemand, MemoryPlan, ModelShape } from './memoryPlan.ts';
import { describePlan, planMemory, waysToFit } from './memoryPlan.ts';
import type { ModelFacts } from './modelFacts.ts';
import { readModelFacts } from './modelFacts.ts';
import { refuseModel, refuseUpdate } from './refuseUnsuitable.ts';
import { serverTraits } from './serverTraits.ts';
import { TinkerClient } from './tinkerClient.ts';
import { TinkerEngine } from './tinkerEngine.ts';
import { TinkerModels } from './tinkerModels.ts';
import { FolderTokenizer } from './tokenizer.ts';
import type { Extensions, ModelInformation, ServerCapabilities } from './wire.ts';

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
  /** Name of the base model on a server that has several. */
  readonly model?: string | undefined;
  /** Folder with the same model's tokenizer and configuration. */
  readonly tokenizerFolder: string;
  /** How many weights the model has, for a server that does not say. */
  readonly parameters?: number | undefined;
  /** What kind of server it is, where it does not declare that itself. */
  readonly server?: EngineServer | undefined;
  /** Every update of the run, so that one the server cannot do is refused before anything starts. */
  readonly update?: { readonly loss: PolicyLoss; readonly adam: AdamParameters } | undefined;
}

/** Starts the Python server for a model folder; it ends with the engine or with this process. */
export async function openLocalEngine(options: LocalEngineOptions): Promise<TinkerEngine> {
  const server = await startEngineProcess(options);
  try {
    const { url, apiKey, gone, close } = server;
    const client = new TinkerClient({ url, apiKey, gone });
    return await open(client, options.modelFolder, options, close);
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** Connects to a running server of the dialect. */
export function connectEngine(options: RemoteEngineOptions): Promise<TinkerEngine> {
  const client = new TinkerClient(options);
  return open(client, options.tokenizerFolder, options, () => Promise.resolve());
}

async function open(
  client: TinkerClient,
  folder: string,
  options: ModelOptions & Partial<RemoteEngineOptions>,
  release: () => Promise<void>,
): Promise<TinkerEngine> {
  const { signal, update } = options;
  const tokenizer = await FolderTokenizer.load(folder);
  const capabilities = await client.get<ServerCapabilities>('get_server_capabilities', signal);
  const traits = serverTraits(capabilities.extensions, options.server);
  refuseModel(traits, options);
  if (update !== undefined) refuseUpdate(traits, update.loss, update.adam);
  const extensions = capabilities.extensions ?? {};
  const plan = planFor(extensions, options.memory);
  const session = await client.post<{ session_id: string }>(
    'create_session',
    { tags: ['azr-studio'], user_metadata: {}, sdk_version: 'azr-studio' },
    true,
    signal,
  );
  const models = new TinkerModels(client, traits, {
    ...options,
    sessionId: session.session_id,
    baseModel: servedModel(capabilities, options.model),
    memoryPlan: plan && wirePlan(plan),
  });
  const modelId = await models.create(signal);
  const information = await client.post<ModelInformation>(
    'get_info',
    { model_id: modelId },
    true,
    signal,
  );
  const facts = await readModelFacts(folder);
  return new TinkerEngine({
    client,
    tokenizer,
    extensions,
    traits,
    endTokens: facts.endTokens,
    description: {
      ...describe(information, extensions, facts, options),
      server: traits.server,
      trainable: options.trainable,
    },
    sessionId: session.session_id,
    models,
    modelId,
    release,
  });
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

function servedModel({ supported_models }: ServerCapabilities, wanted?: string): string {
  const names = supported_models.map(({ model_name }) => model_name);
  const [first] = names;
  if (first !== undefined && names.length === 1) return first;
  if (wanted !== undefined && names.includes(wanted)) return wanted;
  throw new EngineError(
    'model_not_named',
    `The engine serves ${names.length} models, and none by the name ${wanted ?? '(none given)'}.`,
    `Set "model" to one of these, fetched to this machine for its tokenizer: ${names.slice(0, 20).join(', ')}.`,
  );
}

function describe(
  information: ModelInformation,
  extensions: Extensions,
  facts: ModelFacts,
  { url, parameters }: Partial<RemoteEngineOptions>,
): Omit<EngineDescription, 'server' | 'trainable'> {
  const { model_name = information.model_data?.model_name } = information;
  const contextTokens = information.context_tokens ?? extensions.context_tokens;
  return {
    model: path.basename(model_name ?? 'unknown'),
    // A server that does not name its device is told apart by its address.
    device: information.device ?? extensions.device ?? URL.parse(url ?? '')?.host ?? 'unknown',
    parameters: information.parameters ?? parameters ?? 0,
    samplerMatchesTrainer: extensions.sampler_matches_trainer === true,
    contextTokens: contextTokens ?? facts.contextTokens ?? 0,
  };
}
