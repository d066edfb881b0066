/** Our engine: the real server in a process of its own, over HTTP, with the client that the loop uses. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import type { Completion, TrainingDatum } from '../../server/protocol/engine.ts';
import { encodePrompt } from '../../server/src/method/rollouts.ts';
import { startEngineProcess } from '../../server/src/engine/engineProcess.ts';
import { connectEngine } from '../../server/src/engine/openEngine.ts';
import { enginePython } from '../../server/src/machine/enginePython.ts';
import { GpuMemory } from './gpuMemory.ts';
import type { Side, UpdateFigures } from './side.ts';
import type { Workload } from './workload.ts';

const SEED = 1;

export async function openEngineSide(workload: Workload, folder: string): Promise<Side> {
  const server = await startEngineProcess({
    modelFolder: workload.model,
    checkpointFolder: path.join(folder, 'checkpoints'),
    pythonPath: enginePython(),
    packageFolder: path.join(import.meta.dirname, '../../server/engine/src'),
    logPath: path.join(folder, 'engine.log'),
  });
  const engine = await connectEngine({
    url: server.url,
    apiKey: server.apiKey,
    tokenizerFolder: workload.model,
    trainable: 'full',
    loraRank: 1,
    loraAlpha: 1,
    loraDropout: 0,
    seed: SEED,
  });
  const prompts = await Promise.all(
    workload.prompts.map((prompt) => encodePrompt({ engine }, prompt)),
  );
  const requests = prompts.map((promptTokens) => ({ promptTokens, samples: workload.groupSize }));
  const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, gradientClipNorm: 1 };
  const memory = new GpuMemory(server.processId);
  let updates = 0;

  const update = async (): Promise<UpdateFigures> => {
    updates += 1;
    const started = performance.now();
    const groups = await engine.sample(requests, {
      temperature: 1,
      maximumTokens: workload.maximumTokens,
      seed: SEED + updates,
    });
    const sampled = performance.now();
    await engine.update(
      [
        {
          data: trainingData(prompts, groups),
          loss: { kind: 'ppo', clipLow: 0.2, clipHigh: 0.28 },
        },
      ],
      { ...adam, learningRate: workload.learningRate },
    );
    return {
      generationSeconds: (sampled - started) / 1000,
      trainingSeconds: (performance.now() - sampled) / 1000,
      completionTokens: countTokens(groups),
      promptTokens: sum(prompts.map(({ length }) => length)) * workload.groupSize,
      peakMemoryMb: (await memory.peakMb()) ?? (await peakMemoryMb(server.processId)),
    };
  };
  const close = async (): Promise<void> => {
    await engine.close();
    await server.close();
  };
  return { name: 'AZR Studio', update, close };
}

/** Rewards like the peer's, normalised within each group, weighted so that all tokens count alike. */
function trainingData(
  prompts: readonly (readonly number[])[],
  groups: readonly (readonly Completion[])[],
): TrainingDatum[] {
  const tokens = countTokens(groups);
  return groups.flatMap((group, index) => {
    const rewards = group.map((completion) => (sum(completion.tokens) % 97) / 97);
    const mean = sum(rewards) / rewards.length;
    const variance = sum(rewards.map((reward) => (reward - mean) ** 2)) / (rewards.length - 1);
    return group.map((completion, place) => {
      const advantage = (rewards[place]! - mean) / (Math.sqrt(variance) + 1e-4);
      return {
        promptTokens: prompts[index]!,
        completionTokens: completion.tokens,
        logProbabilities: completion.logProbabilities,
        advantages: completion.tokens.map(() => advantage / tokens),
      };
    });
  });
}

function countTokens(groups: readonly (readonly Completion[])[]): number {
  return sum(groups.flat().map(({ tokens }) => tokens.length));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Most that a process held so far; undefined where the system does not tell. */
export async function peakMemoryMb(processId: number): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined;
  const status = await readFile(`/proc/${processId}/status`, 'utf8');
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return peak === undefined ? undefined : Number(peak) / 1024;
}
