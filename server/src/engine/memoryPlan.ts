/**
 * How much memory the engine takes for a model, these lengths and this batch on this device, and how
 * it should work so that it fits: the size of a micro-batch, whether layers are computed twice, how
 * many tokens are cached at once. Estimates err upwards; where one is still too low, the
 * engine halves its micro-batch and goes on.
 */

export type DeviceKind = 'cuda' | 'mps' | 'cpu';

/** What decides the memory of a decoder-only transformer. */
export interface ModelShape {
  readonly parameters: number;
  readonly layers: number;
  /** Width of the residual stream. */
  readonly hidden: number;
  /** Width of the feed-forward layers. */
  readonly intermediate: number;
  /** All query heads together. */
  readonly queryWidth: number;
  /** All key heads together. */
  readonly keyWidth: number;
  readonly vocabulary: number;
  /** Longest sequence; 0 when the model names none. */
  readonly contextTokens: number;
}

export interface MemoryDemand {
  readonly trainable: 'full' | 'lora';
  readonly loraRank: number;
  readonly promptTokens: number;
  /** Of the longest completion. */
  readonly completionTokens: number;
  /** Completions that are sampled at once. */
  readonly rows: number;
  /** Whether some of its steps are Muon's, which keeps a state beside AdamW's. */
  readonly usesMuon?: boolean;
  /** Whether the weights that training began with are sampled too. */
  readonly samplesStart?: boolean;
}

export interface DeviceMemory {
  readonly device: DeviceKind;
  readonly memoryMb: number;
}

/** Bytes of what is in memory at once where it is fullest. */
export interface MemoryParts {
  readonly weights: number;
  readonly gradients: number;
  readonly optimizer: number;
  /** Kept for the backward pass of one micro-batch. */
  readonly activations: number;
  readonly logits: number;
  /** Keys and values while sampling; gradients and activations do not exist then. */
  readonly cache: number;
  /** PyTorch, its kernels and the fragments between tensors. */
  readonly overhead: number;
}

export interface MemoryPlan {
  readonly parts: MemoryParts;
  readonly wantedMb: number;
  /** What of the device's memory is counted on. */
  readonly usableMb: number;
  readonly fits: boolean;
  /** Padded tokens of one micro-batch. */
  readonly microBatchTokens: number;
  readonly recomputeLayers: boolean;
  /** Tokens whose keys and values are kept at once. */
  readonly cacheTokens: number;
}

/** The engine's own defaults, which are the most that is planned. */
const LARGEST_MICRO_BATCH_TOKENS = 16_384;
const LARGEST_CACHE_TOKENS = 400_000;
const PREFILL_TOKENS = 16_384;
/** Logits that exist at once in training: CHUNK_LOGITS of the engine. */
const CHUNK_LOGITS = 2 ** 25;
/** Smaller micro-batches than this keep a device from being busy: computing layers twice costs less. */
const SMALLEST_BUSY_TOKENS = 2_048;
/** Logits, their logarithms, probabilities and gradients, in float32. */
const TRAINING_BYTES_PER_LOGIT = 24;
/** Logits in float32, probabilities and their running sum in float64. */
const SAMPLING_BYTES_PER_LOGIT = 28;
/**
 * What the process holds beyond the tensors that exist: a CPU's allocator keeps what one micro-batch
 * freed in pieces that do not fit the next. Measured by `npm run bench:memory`.
 */
const ACTIVATION_SLACK = { cuda: 1, mps: 1, cpu: 2 };
const OVERHEAD_BYTES = { cuda: 1_500 * 2 ** 20, mps: 1_000 * 2 ** 20, cpu: 700 * 2 ** 20 };
/** Processors and Apple GPUs share their memory with everything else that runs. */
const USABLE_SHARE = { cuda: 0.92, mps: 0.7, cpu: 0.75 };

/** The plan that works fastest among those that fit, else the one that wants least. */
export function planMemory(
  shape: ModelShape,
  demand: MemoryDemand,
  device: DeviceMemory,
): MemoryPlan {
  const longest = longestSequence(shape, demand);
  const usableMb = Math.floor(device.memoryMb * USABLE_SHARE[device.device]);
  const cached = demand.rows * demand.completionTokens + demand.promptTokens * demand.rows;
  const cacheSizes = halvings(Math.min(LARGEST_CACHE_TOKENS, Math.max(longest, cached)), longest);
  const batches = microBatches(longest);
  const plans = batches.map(({ tokens, recompute }) => {
    const ofCaches = cacheSizes.map((cache) => {
      const parts = memoryParts(shape, demand, device.device, { tokens, recompute, cache });
      const wantedMb = Math.ceil(peakBytes(parts) / 2 ** 20);
      return {
        ...{ parts, wantedMb, usableMb, fits: wantedMb <= usableMb },
        ...{ microBatchTokens: tokens, recomputeLayers: recompute, cacheTokens: cache },
      };
    });
    return ofCaches.find(({ fits }) => fits) ?? ofCaches.at(-1)!;
  });
  return plans.find(({ fits }) => fits) ?? plans.at(-1)!;
}

function longestSequence({ contextTokens }: ModelShape, demand: MemoryDemand): number {
  const longest = demand.promptTokens + demand.completionTokens;
  return contextTokens > 0 ? Math.min(longest, contextTokens) : longest;
}

/** In the order of their speed; none is smaller than the longest sequence, which cannot be cut. */
function microBatches(longest: number): { tokens: number; recompute: boolean }[] {
  const sizes = halvings(Math.max(LARGEST_MICRO_BATCH_TOKENS, longest), longest);
  const busy = sizes.filter((tokens) => tokens >= SMALLEST_BUSY_TOKENS);
  return [
    ...busy.map((tokens) => ({ tokens, recompute: false })),
    ...sizes.map((tokens) => ({ tokens, recompute: true })),
  ];
}

function halvings(largest: number, smallest: number): number[] {
  const sizes: number[] = [];
  for (let size = largest; size > smallest; size = Math.floor(size / 2)) sizes.push(size);
  return [...sizes, smallest];
}

interface Choice {
  readonly tokens: number;
  readonly recompute: boolean;
  readonly cache: number;
}

function memoryParts(
  shape: ModelShape,
  demand: MemoryDemand,
  device: DeviceKind,
  { tokens, recompute, cache }: Choice,
): MemoryParts {
  const { parameters, layers, hidden, vocabulary, keyWidth } = shape;
  const full = demand.trainable === 'full';
  const computed = device === 'cuda' ? 2 : 4;
  const trained = full ? parameters : adapterParameters(shape, demand.loraRank);
  const muon = demand.usesMuon === true ? muonBytes(shape, trained, full) : 0;
  // Adapters are switched off for it; where all weights change, it is a model of its own.
  const start = full && demand.samplesStart === true ? parameters * computed : 0;
  const weights = weightBytes(parameters, full ? 0 : trained, full, device) + start;
  const layer =
    layerBytesPerToken(shape, computed) +
    (full ? 0 : adapterBytesPerToken(shape, demand.loraRank, computed));
  const perToken = recompute ? layers * hidden * computed + layer : layers * layer;
  const trainedLogits = Math.min(CHUNK_LOGITS, tokens * vocabulary);
  const longest = longestSequence(shape, demand);
  const rowsAtOnce = Math.min(demand.rows, Math.ceil(cache / Math.max(1, longest)) + 1);
  const prefilled = Math.min(PREFILL_TOKENS, demand.rows * demand.promptTokens);
  return {
    weights,
    gradients: trained * 4,
    optimizer: trained * 8 + muon,
    activations: tokens * perToken * ACTIVATION_SLACK[device],
    logits: Math.max(
      trainedLogits * TRAINING_BYTES_PER_LOGIT,
      rowsAtOnce * vocabulary * SAMPLING_BYTES_PER_LOGIT,
    ),
    cache: cache * 2 * layers * keyWidth * computed + prefilled * layer,
    overhead: OVERHEAD_BYTES[device],
  };
}

/**
 * With all weights trained, CUDA keeps them in float32, samples from a copy in bfloat16, and makes
 * another while it trains.
 */
function weightBytes(
  parameters: number,
  adapters: number,
  full: boolean,
  device: DeviceKind,
): number {
  const computed = device === 'cuda' ? 2 : 4;
  const kept = full && device === 'cuda' ? 4 : computed;
  const copies = kept === computed ? 0 : 2;
  return parameters * kept + adapters * 4 + copies * parameters * computed;
}

/**
 * Of what Muon keeps: one number a weight of the matrices, and two a weight of embeddings and output
 * head, each of which is counted, also where they are one; those of the norms are few.
 */
function muonBytes({ vocabulary, hidden }: ModelShape, trained: number, full: boolean): number {
  const others = full ? Math.min(trained, 2 * vocabulary * hidden) : 0;
  return trained * 4 + others * 4;
}

/** Sampling and training take turns: of cache, and gradients with activations, the larger counts. */
function peakBytes(parts: MemoryParts): number {
  const { weights, gradients, optimizer, activations, logits, cache, overhead } = parts;
  return weights + optimizer + logits + overhead + Math.max(gradients + activations, cache);
}

/** An adapter of rank r on a layer from m to n has r (m + n) weights. */
function adapterParameters(shape: ModelShape, rank: number): number {
  const { layers, hidden, intermediate, queryWidth, keyWidth } = shape;
  const attention = 2 * (hidden + queryWidth) + 2 * (hidden + keyWidth);
  return layers * rank * (attention + 3 * (hidden + intermediate));
}

/**
 * What autograd keeps of one layer per token: the residual stream, both norms before and after their
 * weight; queries, keys and values repeated for all heads, the attention's result twice; and four
 * tensors of the gated feed-forward layer.
 */
function layerBytesPerToken(
  { hidden, intermediate, queryWidth }: ModelShape,
  computed: number,
): number {
  return (6 * hidden + 5 * queryWidth + 4 * intermediate) * computed;
}

/** What adapters add to it: of each of the seven linear layers the input in rank numbers, and the result. */
function adapterBytesPerToken(
  { hidden, intermediate, queryWidth, keyWidth }: ModelShape,
  rank: number,
  computed: number,
): number {
  const results = queryWidth + 2 * keyWidth + 2 * intermediate + 2 * hidden;
  return (results + 7 * rank) * computed;
}

/** For a person: what the memory goes to, and how the engine would work. */
export function describePlan(plan: MemoryPlan): string {
  const { parts, wantedMb, usableMb, microBatchTokens, recomputeLayers, cacheTokens } = plan;
  const listed = Object.entries(parts).map(
    ([name, bytes]: [string, number]) => `${name} ${mebibytes(bytes / 2 ** 20)}`,
  );
  const layers = recomputeLayers ? ', layers computed twice' : '';
  return `at most ${mebibytes(wantedMb)} of ${mebibytes(usableMb)} usable (${listed.join(', ')}); micro-batches of ${microBatchTokens} tokens${layers}, ${cacheTokens} tokens cached`;
}

/**
 * Up to three changes of settings, each of which alone makes the run fit, in words for a person. The
 * last ones always help: a smaller model, or an engine on a larger machine.
 */
export function waysToFit(
  shape: ModelShape,
  demand: MemoryDemand,
  device: DeviceMemory,
): readonly string[] {
  const fits = (changed: Partial<MemoryDemand>): boolean =>
    planMemory(shape, { ...demand, ...changed }, device).fits;
  const ways: string[] = [];
  if (demand.trainable === 'full' && fits({ trainable: 'lora' })) {
    ways.push('set "trainable" to "lora"');
  }
  const rank = halvings(demand.loraRank, 1).find((loraRank) => fits({ loraRank }));
  if (demand.trainable === 'lora' && rank !== undefined) ways.push(`set "loraRank" to ${rank}`);
  const completion = Math.min(demand.completionTokens, longestSequence(shape, demand));
  const length = halvings(completion, Math.min(64, completion)).find((tokens) =>
    fits({ promptTokens: Math.min(tokens, demand.promptTokens), completionTokens: tokens }),
  );
  if (length !== undefined) {
    ways.push(
      `set "maximumPromptTokens", "maximumProposalTokens" and "maximumAnswerTokens" to at most ${length}`,
    );
  }
  ways.push(
    'set "model" to a smaller one, such as "azr-nano"',
    'set "engineUrl" to an engine on a machine with more memory',
  );
  return ways.slice(0, 3);
}

function mebibytes(count: number): string {
  return count < 1024 ? `${Math.ceil(count)} MiB` : `${(count / 1024).toFixed(1)} GiB`;
}
