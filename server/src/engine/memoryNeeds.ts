/**
 * What a run needs of its device's memory, in words. The engine works the numbers out
 * (server/engine/src/azr_engine/memory_plan.py), and refuses with them what does not fit.
 */
import { isFailure, ProblemError } from '../../protocol/problem.ts';
import { fieldOf } from './tinker/replyChecks.ts';

/** What a run asks of the device at most, as the engine takes it. */
export interface MemoryDemand {
  readonly trainable: 'full' | 'lora';
  readonly lora_rank: number;
  readonly prompt_tokens: number;
  /** Of the longest completion. */
  readonly completion_tokens: number;
  /** Completions that are sampled at once. */
  readonly rows: number;
  /** Whether some of its steps are Muon's, which keeps a state beside AdamW's. */
  readonly uses_muon: boolean;
  /** Whether the weights that training began with are sampled too. */
  readonly samples_start: boolean;
}

/** In the order in which they are listed. */
const PARTS = [
  ...(['weights', 'gradients', 'optimizer', 'activations', 'logits', 'cache', 'overhead'] as const),
];

/** As the engine says it. */
export interface MemoryNeeds {
  readonly device: 'cuda' | 'mps' | 'cpu';
  /** Weights of the model. */
  readonly parameters: number;
  /** Bytes of what is in memory at once where it is fullest. */
  readonly parts: Readonly<Record<(typeof PARTS)[number], number>>;
  readonly wanted_mb: number;
  /** What of the device's memory is counted on. */
  readonly usable_mb: number;
  readonly fits: boolean;
  readonly plan: {
    /** Padded tokens of one micro-batch. */
    readonly micro_batch_tokens: number;
    readonly recompute_layers: boolean;
    /** Tokens whose keys and values are kept at once. */
    readonly cache_tokens: number;
  };
  /** Changes of the demand, each of which alone makes it fit. */
  readonly ways: readonly {
    readonly trainable?: 'lora';
    readonly lora_rank?: number;
    /** Of the longest prompt and of the longest completion. */
    readonly tokens?: number;
  }[];
}

/** What the memory goes to, and how the engine would work. */
export function describeNeeds({ parts, wanted_mb, usable_mb, plan }: MemoryNeeds): string {
  const listed = PARTS.map((name) => `${name} ${memoryText(parts[name] / 2 ** 20)}`);
  const layers = plan.recompute_layers ? ', layers computed twice' : '';
  return `at most ${memoryText(wanted_mb)} of ${memoryText(usable_mb)} usable (${listed.join(', ')}); micro-batches of ${plan.micro_batch_tokens} tokens${layers}, ${plan.cache_tokens} tokens cached`;
}

/**
 * Up to three changes of settings. The last ones always help: a smaller model, or an engine on a larger
 * machine.
 */
export function remedyFor({ ways }: MemoryNeeds): string {
  const changes = ways.map(({ trainable, lora_rank, tokens }) => {
    if (trainable !== undefined) return `set "trainable" to "${trainable}"`;
    if (lora_rank !== undefined) return `set "loraRank" to ${lora_rank}`;
    return `set "maximumPromptTokens", "maximumProposalTokens" and "maximumAnswerTokens" to at most ${tokens}`;
  });
  const always = [
    'set "model" to a smaller one, such as "azr-nano"',
    'set "engineUrl" to an engine on a machine with more memory',
  ];
  return `One of these makes it fit: ${[...changes, ...always].slice(0, 3).join('; ')}.`;
}

/** The refusal of an engine that came with its numbers, in the words of a run's settings; any other error as it is. */
export function explainRefusal(error: unknown): unknown {
  if (!isFailure(error, 'does_not_fit') || !isNeeds(error.cause)) return error;
  return new ProblemError({
    code: 'does_not_fit',
    message: `The run does not fit the memory of the engine's ${error.cause.device.toUpperCase()}: it would take ${describeNeeds(error.cause)}.`,
    remedy: remedyFor(error.cause),
  });
}

/** Whatever server it is from: its texts are in no sentence of ours. */
function isNeeds(value: unknown): value is MemoryNeeds {
  const numbers = [
    ...PARTS.map((name) => fieldOf(fieldOf(value, 'parts'), name)),
    ...['wanted_mb', 'usable_mb'].map((name) => fieldOf(value, name)),
    ...['micro_batch_tokens', 'cache_tokens'].map((name) => fieldOf(fieldOf(value, 'plan'), name)),
  ];
  const [device, ways] = [fieldOf(value, 'device'), fieldOf(value, 'ways')];
  return (
    numbers.every((number) => typeof number === 'number') &&
    (device === 'cuda' || device === 'mps' || device === 'cpu') &&
    Array.isArray(ways) &&
    ways.every(isWay)
  );
}

function isWay(value: unknown): boolean {
  return (
    fieldOf(value, 'trainable') === 'lora' ||
    typeof (fieldOf(value, 'lora_rank') ?? fieldOf(value, 'tokens')) === 'number'
  );
}

function memoryText(mebibytes: number): string {
  return mebibytes < 1024 ? `${Math.ceil(mebibytes)} MiB` : `${(mebibytes / 1024).toFixed(1)} GiB`;
}
