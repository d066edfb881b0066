/** How long a completion may be follows from its own prompt, whatever else is in its batch. */
import { expect, test } from 'vitest';

import { Ledger } from '../../server/src/method/ledger.ts';
import { sampleJobs, type SamplingJob } from '../../server/src/method/rollouts.ts';
import { loopFixture } from './loopFixture.ts';
import { ScriptedEngine } from './scriptedEngine.ts';

const CONTEXT = 100;
const WANTED = 40;

function job(promptLength: number): SamplingJob {
  const text = 'p'.repeat(promptLength);
  return {
    ...{ role: 'solver', mode: 'deduction', phase: 'solve', samples: 2 },
    prompt: { kind: 'text', text },
    promptTokens: Array.from(text, (character) => character.codePointAt(0)!),
  };
}

async function sampled(...lengths: readonly number[]) {
  return sampledIn('solve', ...lengths);
}

async function sampledIn(phase: 'solve' | 'probe', ...lengths: readonly number[]) {
  const engine = new ScriptedEngine(() => 'x'.repeat(200), { contextTokens: CONTEXT });
  const { dependencies, store } = loopFixture({
    engine,
    settings: { maximumAnswerTokens: WANTED },
  });
  const ledger = new Ledger(1, store.counters(), 0);
  const { signal } = new AbortController();
  const groups = await sampleJobs(dependencies, ledger, lengths.map(job), phase, signal);
  return { groups, engine };
}

test('a long prompt shortens its own completions and no others', async () => {
  const { groups, engine } = await sampled(10, 85, 20, 90);
  const lengths = groups.map((group) => group.map(({ tokens }) => tokens.length));
  expect(lengths).toEqual([
    [WANTED, WANTED],
    [15, 15],
    [WANTED, WANTED],
    [10, 10],
  ]);
  expect(groups.map(([first]) => first!.prompt.length)).toEqual([10, 85, 20, 90]);
  const seeds = engine.sampleCalls.map(({ parameters }) => parameters.seed);
  expect(new Set(seeds).size).toBe(3);
});

test('a completion says the same with a long prompt beside it as without', async () => {
  const { groups: alone } = await sampled(10, 20);
  const { groups: beside } = await sampled(10, 20, 90);
  const said = (groups: typeof alone) =>
    groups
      .slice(0, 2)
      .flat()
      .map(({ logProbabilities }) => logProbabilities);
  expect(said(beside)).toEqual(said(alone));
});

test('jobs that all have room go out in one request', async () => {
  const { engine } = await sampled(10, 20, 60);
  expect(engine.sampleCalls).toHaveLength(1);
});

test('a prompt that fills the context is refused', async () => {
  await expect(sampled(10, CONTEXT)).rejects.toMatchObject({ code: 'prompt-too-long' });
});

test('of a measurement, it is not asked: what a model cannot read, it cannot answer', async () => {
  const { groups, engine } = await sampledIn('probe', 10, CONTEXT, 20);
  expect(groups.map((group) => group.map(({ tokens }) => tokens.length))).toEqual([
    [WANTED, WANTED],
    [0, 0],
    [WANTED, WANTED],
  ]);
  expect(groups[1]!.map(({ stopReason, completion }) => [stopReason, completion])).toEqual([
    ['length', ''],
    ['length', ''],
  ]);
  const asked = engine.sampleCalls.flatMap(({ prompts }) => prompts);
  expect(asked.map(({ length }) => length)).not.toContain(CONTEXT);
});
