/** The plan by hand for a model whose numbers are easy, and how it gives way to a small device. */
import { expect, test } from 'vitest';

import type { DeviceMemory, MemoryDemand, ModelShape } from '../../server/src/engine/memoryPlan.ts';
import { planMemory, waysToFit } from '../../server/src/engine/memoryPlan.ts';

/** Qwen2.5-Coder-0.5B, from its published configuration. */
const half: ModelShape = {
  parameters: 494_032_768,
  layers: 24,
  hidden: 896,
  intermediate: 4864,
  queryWidth: 896,
  keyWidth: 128,
  vocabulary: 151_936,
  contextTokens: 32_768,
};
const demand: MemoryDemand = {
  trainable: 'full',
  loraRank: 32,
  promptTokens: 512,
  completionTokens: 512,
  rows: 64,
};
const large = { device: 'cuda', memoryMb: 81_000 } as const;

test('all weights on a GPU: the numbers of mixed-precision training', () => {
  const plan = planMemory(half, demand, large);
  expect(plan.fits).toBe(true);
  const { weights, gradients, optimizer, cache } = plan.parts;
  // 4 bytes, a copy of 2 to sample from, one of 2 in training, 4 for the gradient, 8 for Adam.
  expect((weights + gradients + optimizer) / half.parameters).toBeCloseTo(20, 6);
  // reference/engines.md: 12 KiB of keys and values per token.
  const prefill = 16_384 * (6 * 896 + 5 * 896 + 4 * 4864) * 2;
  expect((cache - prefill) / plan.cacheTokens).toBe(12 * 1024);
  expect(plan.cacheTokens).toBe(64 * 1024);
});

test('adapters: the base in two bytes, and r (m + n) weights of each linear layer', () => {
  const { parts } = planMemory(half, { ...demand, trainable: 'lora' }, large);
  const perLayer = 32 * (2 * (896 + 896) + 2 * (896 + 128) + 3 * (896 + 4864));
  const adapters = 24 * perLayer;
  // What PEFT reports for this model, rank and all linear layers.
  expect(adapters).toBe(17_596_416);
  expect(parts.gradients).toBe(adapters * 4);
  expect(parts.optimizer).toBe(adapters * 8);
  expect(parts.weights).toBe(half.parameters * 2 + adapters * 4);
});

test('a second optimizer: one number a weight, and two where embeddings and head can be', () => {
  const { optimizer } = planMemory(half, { ...demand, usesMuon: true }, large).parts;
  const embeddings = 2 * 151_936 * 896;
  expect(optimizer).toBe(half.parameters * 8 + half.parameters * 4 + embeddings * 4);
  const lora = planMemory(half, { ...demand, trainable: 'lora', usesMuon: true }, large).parts;
  expect(lora.optimizer).toBe(17_596_416 * (8 + 4));
});

test('the weights that training began with: a model of their own, unless adapters are left out', () => {
  const start = { ...demand, samplesStart: true };
  const added = (device: DeviceMemory, changed: Partial<MemoryDemand> = {}) =>
    planMemory(half, { ...start, ...changed }, device).parts.weights -
    planMemory(half, { ...demand, ...changed }, device).parts.weights;
  expect(added(large)).toBe(half.parameters * 2);
  expect(added({ device: 'cpu', memoryMb: 81_000 })).toBe(half.parameters * 4);
  expect(added(large, { trainable: 'lora' })).toBe(0);
});

test('a smaller device gets smaller micro-batches, then layers computed twice', () => {
  const memories = [81_000, 24_000, 18_000, 16_000, 14_000, 12_500];
  const plans = memories.map((memoryMb) => planMemory(half, demand, { device: 'cuda', memoryMb }));
  const fitting = plans.filter(({ fits }) => fits);
  expect(fitting.length).toBeGreaterThan(3);
  for (const { wantedMb, usableMb } of fitting) expect(wantedMb).toBeLessThanOrEqual(usableMb);
  expect(plans[0]).toMatchObject({ microBatchTokens: 16_384, recomputeLayers: false });
  expect(plans.some(({ recomputeLayers }) => recomputeLayers)).toBe(true);
  const kept = fitting.filter(({ recomputeLayers }) => !recomputeLayers);
  const sizes = kept.map(({ microBatchTokens }) => microBatchTokens);
  expect(sizes).toEqual([...sizes].sort((one, other) => other - one));
  // Nothing is planned that the longest sequence would not fit into.
  for (const plan of plans) {
    expect(plan.microBatchTokens).toBeGreaterThanOrEqual(1024);
    expect(plan.cacheTokens).toBeGreaterThanOrEqual(1024);
  }
});

test.each([
  { name: 'all weights on 8 GB', change: {}, device: { device: 'cuda', memoryMb: 8_000 } as const },
  {
    name: 'long adapters on a small CPU',
    change: { trainable: 'lora', promptTokens: 16_000, completionTokens: 16_000 } as const,
    device: { device: 'cpu', memoryMb: 8_000 } as const,
  },
])('$name: refused with three ways, each of which works', ({ change, device }) => {
  const wanted = { ...demand, ...change };
  expect(planMemory(half, wanted, device).fits).toBe(false);
  const ways = waysToFit(half, wanted, device);
  expect(ways).toHaveLength(3);
  for (const way of ways) {
    if (way.includes('"lora"')) {
      expect(planMemory(half, { ...wanted, trainable: 'lora' }, device).fits).toBe(true);
    }
    const length = /at most (\d+)/.exec(way);
    if (length !== null) {
      const tokens = Number(length[1]);
      const shorter = { ...wanted, promptTokens: tokens, completionTokens: tokens };
      expect(planMemory(half, shorter, device).fits).toBe(true);
    }
  }
  expect(ways.some((way) => /"lora"|at most \d+/.test(way))).toBe(true);
});
