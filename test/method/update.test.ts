import { describe, expect, test } from 'vitest';

import type { EngineDescription } from '../../server/protocol/engine.ts';
import type { RunSettings } from '../../server/protocol/settings.ts';
import { GoldMemory } from '../../server/src/method/interpreter/goldMemory.ts';
import { Ledger, type RolloutDraft } from '../../server/src/method/ledger.ts';
import {
  measureGap,
  truncateImportance,
} from '../../server/src/method/training/samplerCorrection.ts';
import { assignAdvantages } from '../../server/src/method/training/taskRoleAdvantages.ts';
import { miniBatches, trainingData } from '../../server/src/method/training/trainingData.ts';
import { updatePolicy } from '../../server/src/method/training/update.ts';
import { linearPolicy } from './linearWorld.ts';
import { loopFixture } from './loopFixture.ts';
import { toySettings } from './sampleTasks.ts';
import { ScriptedEngine } from './scriptedEngine.ts';

const COUNTERS = {
  lastStep: 0,
  lastTaskId: 0,
  lastProposalId: 0,
  lastRolloutId: 0,
  lastGroup: 0,
};

let id = 0;

/** A rollout of `length` tokens. */
function rollout(length: number, changes: Partial<RolloutDraft> = {}): RolloutDraft {
  id += 1;
  return {
    id,
    step: 1,
    role: 'solver',
    mode: 'deduction',
    phase: 'estimate',
    group: id,
    prompt: '',
    completion: '',
    promptTokens: [9],
    tokens: Array.from({ length }, (_, index) => index + 1),
    logProbabilities: Array.from({ length }, () => -1),
    stopReason: 'stop',
    executions: [],
    rewardTerms: [],
    trained: false,
    ...changes,
  };
}

const TOKEN_MEAN = { lossAggregation: 'token-mean', proposerLossWeight: 1 } as const;
const SEQUENCE_MEAN = { lossAggregation: 'sequence-mean', proposerLossWeight: 1 } as const;

describe('weights of tokens in the loss', () => {
  const batch = [
    rollout(1, { advantage: 2 }),
    rollout(3, { advantage: -1 }),
    rollout(4, { advantage: 0 }),
  ];

  test('token mean: each of T = 1 + 3 + 4 tokens weighs 1/8, those of zero advantage included', () => {
    expect(trainingData(TOKEN_MEAN, batch).map(({ advantages }) => advantages)).toEqual([
      [2 / 8],
      [-1 / 8, -1 / 8, -1 / 8],
    ]);
  });

  test('sequence mean: each of B = 3 rollouts weighs 1/3, spread over its tokens', () => {
    const [first, second] = trainingData(SEQUENCE_MEAN, batch).map(({ advantages }) => advantages);
    expect(first?.[0]).toBeCloseTo(2 / 3, 12);
    expect(second).toHaveLength(3);
    second?.forEach((advantage) => {
      expect(advantage).toBeCloseTo(-1 / 9, 12);
    });
  });

  test("the proposer's weight multiplies the proposer's advantages only", () => {
    const both = [rollout(2, { advantage: 1 }), rollout(2, { advantage: 1, role: 'proposer' })];
    const weighted = trainingData({ ...TOKEN_MEAN, proposerLossWeight: 0.5 }, both);
    expect(weighted.map(({ advantages }) => advantages)).toEqual([
      [0.25, 0.25],
      [0.125, 0.125],
    ]);
    expect(trainingData({ ...TOKEN_MEAN, proposerLossWeight: 0 }, both)).toHaveLength(1);
  });

  test('a datum holds the sampled tokens and their log-probabilities', () => {
    expect(trainingData(TOKEN_MEAN, batch)[1]).toMatchObject({
      promptTokens: [9],
      completionTokens: [1, 2, 3],
      logProbabilities: [-1, -1, -1],
    });
  });
});

test('truncated importance sampling multiplies by min(π_trainer / π_sampler, cap)', () => {
  const datum = {
    promptTokens: [9],
    completionTokens: [1, 2, 3],
    logProbabilities: [-1, -1, -1],
    advantages: [0.5, 0.5, -0.5],
  };
  // Ratios 3, 1/2 and 1, the first cut to 2.
  const trainer = [-1 + Math.log(3), -1 - Math.LN2, -1];
  const corrected = truncateImportance(datum, trainer, 2);
  expect(corrected.logProbabilities).toEqual(trainer);
  [1, 0.25, -0.5].forEach((expected, token) => {
    expect(corrected.advantages[token]).toBeCloseTo(expected, 12);
  });
});

test('the gap between sampler and trainer, over all tokens', () => {
  const datum = (logProbabilities: number[]) => ({
    promptTokens: [9],
    completionTokens: logProbabilities.map((_, index) => index + 1),
    logProbabilities,
    advantages: logProbabilities.map(() => 1),
  });
  // Differences 0.5, −0.25, 0 and 1.25; of the ratios e^0.5 = 1.65 and e^1.25 = 3.49 one exceeds 2.
  const gap = measureGap(
    [datum([-1, -1]), datum([-2, -2])],
    [
      [-0.5, -1.25],
      [-2, -0.75],
    ],
    2,
  );
  expect(gap).toEqual({ mean: 2 / 4, maximum: 1.25, truncated: 1 / 4 });
  expect(measureGap([], [], 2)).toBeUndefined();
});

describe('the six task-role batches', () => {
  function assigned(settings: Partial<RunSettings>, rollouts: RolloutDraft[]): Ledger {
    const ledger = new Ledger(1, COUNTERS, 0);
    assignAdvantages(ledger, toySettings(settings), rollouts);
    return ledger;
  }

  test('each has its own mean and deviation', () => {
    const rewards = { deduction: [1, -0.5], abduction: [1, 1], induction: [-1, 0.5] } as const;
    const rollouts = (['proposer', 'solver'] as const).flatMap((role) =>
      (['deduction', 'abduction', 'induction'] as const).flatMap((mode) =>
        rewards[mode].map((reward) => rollout(1, { role, mode, reward })),
      ),
    );
    const { baselines } = assigned({ preset: 'paper' }, rollouts);
    expect(baselines).toHaveLength(6);
    // Deduction: 0.25 ± 0.75; abduction: all 1; induction: −0.25 ± 0.75.
    expect(baselines.filter(({ role }) => role === 'proposer')).toMatchObject([
      { mode: 'deduction', mean: 0.25, standardDeviation: 0.75, count: 2 },
      { mode: 'abduction', mean: 1, standardDeviation: 0, count: 2 },
      { mode: 'induction', mean: -0.25, standardDeviation: 0.75, count: 2 },
    ]);
    expect(rollouts.map(({ advantage }) => advantage)).toEqual([
      ...[1, -1, 0, 0, -1, 1],
      ...[1, -1, 0, 0, -1, 1],
    ]);
  });

  test('a long response weighs no more in the baseline than a short one', () => {
    const rollouts = [rollout(1, { reward: 1 }), rollout(1000, { reward: -0.5 })];
    expect(assigned({ preset: 'paper' }, rollouts).baselines[0]?.mean).toBe(0.25);
  });

  test('a group baseline is the solver’s alone: a proposer has one completion per prompt', () => {
    const rollouts = [
      rollout(1, { reward: 1, group: 1 }),
      rollout(1, { reward: 1, group: 1 }),
      rollout(1, { reward: -0.5, group: 2 }),
      rollout(1, { reward: -0.5, group: 2 }),
      rollout(1, { role: 'proposer', reward: 1, group: 3 }),
      rollout(1, { role: 'proposer', reward: -0.5, group: 4 }),
    ];
    assigned({ solverBaseline: 'group' }, rollouts);
    expect(rollouts.map(({ advantage }) => advantage)).toEqual([0, 0, 0, 0, 1, -1]);
  });
});

describe('mini-batches', () => {
  const rollouts = Array.from({ length: 28 }, (_, index) =>
    rollout(1, { group: Math.floor(index / 4) }),
  );

  test('hold whole groups, each once, in parts of about the same size', () => {
    const batches = miniBatches(toySettings({ updatesPerStep: 3 }), 1, rollouts);
    expect(batches.map((batch) => batch.length).sort()).toEqual([12, 8, 8]);
    expect(new Set(batches.flat()).size).toBe(28);
    const groups = batches.map((batch) => new Set(batch.map(({ group }) => group)));
    expect(groups.map(({ size }) => size).sort()).toEqual([2, 2, 3]);
  });

  test('are drawn anew every step, and the same for the same step', () => {
    const settings = toySettings({ updatesPerStep: 3 });
    expect(miniBatches(settings, 1, rollouts)).toEqual(miniBatches(settings, 1, rollouts));
    expect(miniBatches(settings, 2, rollouts)).not.toEqual(miniBatches(settings, 1, rollouts));
  });
});

const NO_GOLD = {
  documents: [],
  gold: new GoldMemory({ heldOut: new Set(), zeroProgram: '', signature: () => undefined }),
};

describe('the update', () => {
  async function updated(
    rollouts: RolloutDraft[],
    settings: Partial<RunSettings>,
    samplerMatchesTrainer: boolean,
    description: Partial<EngineDescription> = {},
  ) {
    const engine = new ScriptedEngine(linearPolicy, { samplerMatchesTrainer, ...description });
    const { dependencies } = loopFixture({ engine, settings });
    const ledger = new Ledger(1, COUNTERS, 0);
    const { signal } = new AbortController();
    const tokens = await updatePolicy(dependencies, ledger, rollouts, NO_GOLD, signal);
    return { engine, tokens, metrics: ledger.metrics };
  }

  const batch = () => [rollout(2, { advantage: 1 }), rollout(2, { advantage: -1 })];

  test('counts its tokens', async () => {
    const { tokens, engine } = await updated(batch(), {}, true);
    expect(tokens).toBe(4);
    expect(engine.calls).toEqual(['update']);
  });

  test('corrects for a sampler that differs from the trainer, where the cap is not 0', async () => {
    // The only update of a step truncates the ratio in its loss: bounds 1 − 1 = 0 and 1 + 0.5.
    const { engine } = await updated(batch(), { importanceSamplingCap: 1.5 }, false);
    expect(engine.calls).toEqual(['update']);
    const [call] = engine.updateCalls;
    expect(call?.loss).toEqual({ kind: 'cispo', clipLow: 1, clipHigh: 0.5 });
    expect(call?.data[0]?.advantages[0]).toBe(1 / 4);
    expect(call?.data[0]?.logProbabilities[0]).toBe(-1);
    const off = await updated(batch(), { importanceSamplingCap: 0 }, false);
    expect(off.engine.calls).toEqual(['update']);
    expect(off.engine.updateCalls[0]?.loss.kind).toBe('ppo');
  });

  test('corrects by scores of the trainer where one loss cannot', async () => {
    // The scripted trainer finds every token twice as likely: the weight is min(2, 1.5).
    const cap = { importanceSamplingCap: 1.5 };
    const several = await updated(batch(), { ...cap, updatesPerStep: 2 }, false);
    const [first] = several.engine.updateCalls[0]?.data ?? [];
    expect(several.engine.updateCalls[0]?.loss.kind).toBe('ppo');
    expect(Math.abs(first?.advantages[0] ?? 0)).toBeCloseTo(1.5 / 2, 12);
    expect(first?.logProbabilities[0]).toBeCloseTo(-1 + Math.LN2, 12);
    const dropping = { ...cap, trainable: 'lora', loraDropout: 0.1 } as const;
    const withoutCispo = { losses: ['ppo'] } as const;
    for (const { engine } of [
      await updated(batch(), dropping, false),
      await updated(batch(), cap, false, withoutCispo),
    ]) {
      expect(engine.calls).toEqual(['logProbabilities', 'update']);
      expect(engine.updateCalls[0]?.loss.kind).toBe('ppo');
    }
  });

  test('scores and trains at the temperature of the run', async () => {
    const { engine } = await updated(batch(), { temperature: 0.7, updatesPerStep: 2 }, false);
    expect(engine.scoringTemperatures).toEqual([0.7, 0.7]);
    expect(engine.updateCalls[0]?.loss).toMatchObject({ kind: 'ppo', temperature: 0.7 });
  });

  test('pays for entropy by the share of each token, those without advantage too', async () => {
    const rollouts = [rollout(3, { advantage: 1 }), rollout(1, { advantage: 0 })];
    const { engine } = await updated(rollouts, { entropyCoefficient: 0.001 }, true);
    const [call] = engine.updateCalls;
    expect(call?.loss).toMatchObject({ kind: 'ppo', entropyCoefficient: 0.001 });
    const weights = call?.data.map(({ entropyWeights }) => entropyWeights) ?? [];
    // Mini-batches are shuffled.
    expect(weights.flat()).toEqual([1 / 4, 1 / 4, 1 / 4, 1 / 4]);
    expect(call?.data.flatMap(({ advantages }) => advantages).toSorted()).toEqual([
      ...[0, 1 / 4, 1 / 4, 1 / 4],
    ]);
    const without = await updated(rollouts, { entropyCoefficient: 0 }, true);
    expect(without.engine.updateCalls[0]?.data).toHaveLength(1);
    expect(without.engine.updateCalls[0]?.data[0]).not.toHaveProperty('entropyWeights');
  });

  test('measures the sampler before the first of several updates moves the policy', async () => {
    const { engine } = await updated(batch(), { updatesPerStep: 2 }, false);
    expect(engine.calls).toEqual(['logProbabilities', 'logProbabilities', 'update', 'update']);
  });

  const measured = (metrics: Ledger['metrics'], name: string) =>
    metrics.find((metric) => metric.name === `update.${name}`)?.value;

  test('stores how far the sampler is from the trainer, and what was cut off', async () => {
    // Every token is twice as likely to the trainer: ln 2 apart, and above a cap of 1.5.
    const twice = { updatesPerStep: 2 };
    const { metrics } = await updated(batch(), { ...twice, importanceSamplingCap: 1.5 }, false);
    expect(measured(metrics, 'samplerGap')).toBeCloseTo(Math.LN2, 12);
    expect(measured(metrics, 'samplerGapMaximum')).toBeCloseTo(Math.LN2, 12);
    expect(measured(metrics, 'samplerTruncated')).toBe(1);
    const loose = await updated(batch(), { ...twice, importanceSamplingCap: 2.5 }, false);
    expect(measured(loose.metrics, 'samplerTruncated')).toBe(0);
  });

  test('measures a sampler that should agree by the gradient pass of the first update', async () => {
    // The scripted engine's update finds each token as likely as it was told: nothing apart.
    const { metrics } = await updated(batch(), { updatesPerStep: 2 }, true);
    expect(measured(metrics, 'samplerGap')).toBe(0);
    expect(measured(metrics, 'samplerTruncated')).toBeUndefined();
  });

  test('where adapters drop out, asks the trainer without dropout, and corrects nothing', async () => {
    const dropping = { trainable: 'lora', loraDropout: 0.1 } as const;
    const { engine, metrics } = await updated(batch(), dropping, true);
    expect(engine.calls).toEqual(['logProbabilities', 'update']);
    expect(measured(metrics, 'samplerGap')).toBeCloseTo(Math.LN2, 12);
    expect(engine.updateCalls[0]?.data[0]?.logProbabilities).toEqual([-1, -1]);
  });

  test('makes no step for a batch without advantages, nor counts it in the means', async () => {
    const nothing = [rollout(2, { advantage: 0 })];
    expect((await updated(nothing, {}, true)).engine.calls).toEqual([]);
    const half = [...nothing, rollout(2, { advantage: 1 })];
    const { engine, metrics } = await updated(half, { updatesPerStep: 2 }, true);
    expect(engine.calls).toEqual(['update']);
    // The scripted engine reports a loss of 2 per update.
    expect(metrics.find(({ name }) => name === 'update.loss')?.value).toBe(2);
  });
});
