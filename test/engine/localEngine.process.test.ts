/** The engine as the loop uses it, on the real Python server and the embedded model. */
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import type {
  Completion,
  SampledWeights,
  SamplingParameters,
  TrainingDatum,
} from '../../server/protocol/engine.ts';
import { openLocalEngine } from '../../server/src/engine/openEngine.ts';
import type { TinkerEngine } from '../../server/src/engine/tinker/tinkerEngine.ts';

const root = path.resolve(import.meta.dirname, '..', '..');
const pythonPath = path.join(root, '.venv', 'bin', 'python');
const modelFolder = path.join(root, 'server', 'models', 'azr-nano');
const scratch = mkdtempSync(path.join(tmpdir(), 'azr-engine-'));
const packageFolder = path.join(scratch, 'package');
cpSync(path.join(root, 'server', 'engine', 'src'), packageFolder, {
  recursive: true,
  filter: (file) => path.basename(file) !== '__pycache__',
});
const options = {
  modelFolder,
  checkpointFolder: path.join(scratch, 'checkpoints'),
  pythonPath,
  packageFolder,
  logPath: path.join(scratch, 'engine.log'),
  trainable: 'full',
  loraRank: 8,
  loraAlpha: 16,
  loraDropout: 0,
  seed: 1,
} as const;
const sampling: SamplingParameters = { temperature: 1, maximumTokens: 16, seed: 5 };
const loss = { kind: 'ppo', clipLow: 0.2, clipHigh: 0.28 } as const;
const adam = {
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0,
  gradientClipNorm: 1,
};

let engine: TinkerEngine;
beforeAll(async () => {
  engine = await openLocalEngine(options);
});
afterAll(async () => {
  await engine.close();
  rmSync(scratch, { recursive: true });
});

test('what Python compiled for this start is there for the next one', () => {
  // Set-up has pip compile nothing, and three thousand modules take longer to compile than to load.
  const compiled = readdirSync(path.join(packageFolder, 'azr_engine', '__pycache__'));
  expect(compiled.join()).toMatch(/service\.cpython-\d+\.pyc/);
});

test('a model that does not fit is refused before it is loaded, in the words of the settings', async () => {
  const large = path.join(scratch, 'large');
  cpSync(modelFolder, large, { recursive: true });
  writeFileSync(path.join(large, 'config.json'), '{"model_type": "llama"}');
  // One tensor of 40 G weights, of which the file has none.
  const shape = [40_000_000, 1000];
  const header = JSON.stringify({ weight: { dtype: 'BF16', shape, data_offsets: [0, 0] } });
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(
    path.join(large, 'model.safetensors'),
    Buffer.concat([length, Buffer.from(header)]),
  );
  const memoryDemand = {
    ...({ trainable: 'lora', lora_rank: 8, prompt_tokens: 64, completion_tokens: 64 } as const),
    ...{ rows: 8, uses_muon: false, samples_start: false },
  };
  await expect(
    openLocalEngine({ ...options, trainable: 'lora', modelFolder: large, memoryDemand }),
  ).rejects.toMatchObject({
    code: 'does_not_fit',
    message: expect.stringMatching(
      /the engine's \w+: it would take at most .*weights 1?\d\d\.\d GiB/,
    ) as string,
    remedy: expect.stringContaining('set "model" to a smaller one') as string,
  });
});

test('the tokenizer agrees with Python on programs and on characters it does not know', async () => {
  const tasks = readFileSync(path.join(modelFolder, 'probe.jsonl'), 'utf8')
    .split('\n')
    .slice(0, 50);
  const texts = [...tasks, 'def f(x):\n    return x[::-1]\n', 'ä→ 12345', ''];
  const script =
    'import json, sys\nfrom tokenizers import Tokenizer\n' +
    't = Tokenizer.from_file(sys.argv[1])\n' +
    'ids = [t.encode(x).ids for x in json.load(sys.stdin)]\n' +
    'print(json.dumps([ids, [t.decode(i) for i in ids]]))';
  const { stdout } = spawnSync(
    pythonPath,
    ['-c', script, path.join(modelFolder, 'tokenizer.json')],
    { input: JSON.stringify(texts), encoding: 'utf8' },
  );
  const [ids, decoded] = JSON.parse(stdout) as [number[][], string[]];
  await expect(Promise.all(texts.map((text) => engine.encode(text)))).resolves.toEqual(ids);
  const decodings = ids.map((tokens) => engine.decode(tokens));
  await expect(Promise.all(decodings)).resolves.toEqual(decoded);
});

test('an update moves the policy as asked, and a checkpoint takes it back', async () => {
  const promptTokens = await engine.encode('[solve deduction]\n');
  const requests = [{ promptTokens, samples: 8 }];
  const [group] = await engine.sample(requests, sampling);
  const data: TrainingDatum[] = group!.map((completion, index) => ({
    promptTokens,
    completionTokens: completion.tokens,
    logProbabilities: completion.logProbabilities,
    advantages: completion.tokens.map(() => (index === 0 ? 1 : -0.1)),
  }));
  const scored = await engine.logProbabilities(data);
  const checkpoint = await engine.saveCheckpoint('before');
  expect(existsSync(checkpoint)).toBe(true);

  const result = await engine.update([{ data, loss }], adam);
  for (const [index, values] of result.logProbabilities[0]!.entries()) {
    for (const [position, value] of values.entries()) {
      expect(value).toBeCloseTo(data[index]!.logProbabilities[position]!, 3);
      expect(value).toBeCloseTo(scored[index]![position]!, 4);
    }
  }
  expect(result.metrics['ratio']).toBeCloseTo(1, 3);
  expect(result.metrics['gradientNorm']).toBeGreaterThan(0);
  const after = await engine.logProbabilities(data);
  const sum = (values: readonly number[]): number => values.reduce((total, x) => total + x, 0);
  expect(sum(after[0]!)).toBeGreaterThan(sum(scored[0]!));

  await engine.loadCheckpoint(checkpoint);
  expect(await engine.sample(requests, sampling)).toEqual([group]);
});

test('several objectives are one step: cross-entropy undoes what a reward of −1 asks for', async () => {
  const promptTokens = await engine.encode('[solve deduction]\ndef f(x):\n    return x\n# 7\n-> ');
  const completionTokens = await engine.encodeCompletion('7');
  // A completion that ends as a sampled one does, with the end token of the model's folder.
  expect(completionTokens.slice(0, -1)).toEqual(await engine.encode('7'));
  expect(completionTokens.at(-1)).toBe(1);
  const bare = { promptTokens, completionTokens, logProbabilities: [], advantages: [0.5, 0.25] };
  const [logProbabilities] = await engine.logProbabilities([bare]);
  const disliked = { ...bare, logProbabilities: logProbabilities!, advantages: [-0.5, -0.25] };
  const still = { ...adam, learningRate: 0 };
  const truth = { data: [bare], loss: { kind: 'cross_entropy' } } as const;
  const reward = { data: [disliked], loss } as const;

  const alone = await engine.update([truth], still);
  const penalised = await engine.update([reward], still);
  const both = await engine.update([reward, truth], still);
  // At a ratio of 1 the gradient of the policy loss is −A ∇ log p, that of cross-entropy −w ∇ log p.
  expect(alone.metrics['gradientNorm']).toBeCloseTo(penalised.metrics['gradientNorm']!, 4);
  expect(alone.metrics['gradientNorm']).toBeGreaterThan(0.01);
  expect(both.metrics['gradientNorm']).toBeLessThan(1e-4);
  expect(both.logProbabilities).toHaveLength(2);
  for (const [token, value] of both.logProbabilities[1]![0]!.entries()) {
    expect(value).toBeCloseTo(logProbabilities![token]!, 4);
  }
});

test('an aborted sample rejects and leaves the engine usable', async () => {
  const requests = [{ promptTokens: await engine.encode('def'), samples: 20_000 }];
  const abort = AbortSignal.timeout(300);
  await expect(
    engine.sample(requests, { ...sampling, maximumTokens: 200 }, abort),
  ).rejects.toMatchObject({ name: 'TimeoutError' });
  const [completions] = await engine.sample([{ promptTokens: [5], samples: 2 }], sampling);
  expect(completions).toHaveLength(2);
});

test('errors carry code and remedy', async () => {
  const promptTokens = new Array<number>(2000).fill(5);
  await expect(engine.sample([{ promptTokens, samples: 1 }], sampling)).rejects.toMatchObject({
    code: 'prompt_too_long',
    remedy: expect.stringContaining('Shorten') as string,
  });
});

test('the server dies with its owner, even when that is killed outright', async () => {
  const script = `
    import { startEngineProcess } from ${JSON.stringify(path.join(root, 'server/src/engine/engineProcess.ts'))};
    const server = await startEngineProcess(${JSON.stringify(options)});
    console.log(server.processId);
    setInterval(() => undefined, 1000);`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: root });
  const processId = await new Promise<number>((resolve) => {
    owner.stdout.once('data', (data: Buffer) => {
      resolve(Number(data.toString()));
    });
  });
  expect(processId).toBeGreaterThan(0);
  owner.kill('SIGKILL');
  await expect.poll(() => isRunning(processId), { timeout: 10_000 }).toBe(false);
});

/** A killed process that nobody has waited for yet is a zombie, and no longer runs. */
function isRunning(processId: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${processId}/status`, 'utf8'));
  } catch {
    return false;
  }
}

test('greedy, tempered and averaged answers, and those of the model before training', async () => {
  const promptTokens = await engine.encode('[solve deduction]\n');
  const requests = [{ promptTokens, samples: 4 }];
  const asData = (group: readonly Completion[]): TrainingDatum[] =>
    group.map((completion) => ({
      promptTokens,
      completionTokens: completion.tokens,
      logProbabilities: completion.logProbabilities,
      advantages: completion.tokens.map((_, index) => (index % 2 === 0 ? 0.1 : -0.1)),
      entropyWeights: completion.tokens.map(() => 0.1),
    }));
  const [drawn] = await engine.sample(requests, { ...sampling, temperature: 0.7 });
  const scores = await engine.logProbabilities(asData(drawn!), undefined, 0.7);
  drawn!.forEach(({ logProbabilities }, index) => {
    logProbabilities.forEach((value, place) => {
      expect(value).toBeCloseTo(scores[index]![place]!, 3);
    });
  });

  const greedily = { ...sampling, temperature: 0 };
  const answers = async (weights: SampledWeights) =>
    (await engine.sample(requests, { ...greedily, weights }))[0]!;
  const before = await answers('start');
  expect(new Set(before.map(({ tokens }) => tokens.join())).size).toBe(1);
  expect(await answers('trained')).toEqual(before);
  const tempered = { ...loss, temperature: 0.7, entropyCoefficient: 0.01 };
  const averaging = { ...adam, averageDecay: 0.9 };
  const { metrics } = await engine.update([{ data: asData(drawn!), loss: tempered }], averaging);
  expect(metrics['ratio']).toBeCloseTo(1, 3);
  const first = await answers('trained');
  // After one step the average is the weights, whatever the decay.
  expect(await answers('average')).toEqual(first);
  await engine.update([{ data: asData(drawn!), loss: tempered }], averaging);
  expect(await answers('start')).toEqual(before);
  const [trained, average] = [await answers('trained'), await answers('average')];
  const numbers = [before, first, trained, average].map(([one]) => one!.logProbabilities.join());
  expect(new Set(numbers).size).toBe(4);

  const taken = await engine.update([{ data: asData(drawn!), loss: tempered }], {
    ...averaging,
    optimizer: 'muon',
  });
  expect(taken.metrics['gradientNorm']).toBeGreaterThan(0);
  expect(await answers('trained')).not.toEqual(trained);
});
