import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import type { RolloutRecord } from '../../server/protocol/records.ts';
import type { RewardStage, RewardStory } from '../../server/protocol/rewardStory.ts';
import { rewardStory } from '../../server/src/languageServer/rewards/rewardStory.ts';
import { RunQueries } from '../../server/src/store/lists/runQueries.ts';
import { azr } from '../cli/azr.ts';

const PROBE = path.join(import.meta.dirname, '../../server/models/azr-nano/probe.jsonl');
const STUDIO = ['--preset', 'studio', '--set', 'replayTasksPerMode=4'];
const PAPER = [
  ...['--preset', 'paper', '--set', 'solverTasksPerMode=4', '--set', 'references=2'],
  ...['--set', 'inductionInputs=6', '--set', 'inductionVisible=3'],
];
/** A busy machine takes long for a real run. */
const TIMEOUT_MS = 400_000;
const folder = mkdtempSync(path.join(tmpdir(), 'azr-story-'));

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Two real steps of the embedded model with few proposals. */
async function realRun(name: string, options: readonly string[]): Promise<string> {
  // Every thirtieth task of the real probe: a few of each mode.
  const lines = readFileSync(PROBE, 'utf8').trimEnd().split('\n');
  const probe = path.join(folder, 'probe.jsonl');
  writeFileSync(probe, lines.filter((_, index) => index % 30 === 0).join('\n'));
  const run = path.join(folder, name);
  const { code, stderr } = await azr([
    ...['run', '--steps', '2', '--seed', '3', '--directory', run, ...options],
    ...['--set', 'proposalsPerMode=5', '--set', 'seedTasks=4', '--set', `probe=${probe}`],
  ]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return path.join(run, 'run.db');
}

type Kind = RewardStage['kind'];

function stage<Wanted extends Kind>(
  { stages }: RewardStory,
  kind: Wanted,
): Extract<RewardStage, { kind: Wanted }> | undefined {
  return stages.find((candidate) => candidate.kind === kind) as
    Extract<RewardStage, { kind: Wanted }> | undefined;
}

const SOLVER = [
  'prompt',
  'completion',
  'parse',
  'execution',
  'group',
  'role-reward',
  'format',
  'composite',
];
const TRAINED = ['baseline', 'advantage', 'tokens'];
const UNTRAINED = ['advantage', 'tokens'];

/** The stages that a rollout's story must have. */
function expectedStages({ role, advantage, phase, taskId }: RolloutRecord): string[] {
  const end = advantage === undefined ? UNTRAINED : TRAINED;
  if (role === 'solver') return [...SOLVER, ...end];
  const rewarded = phase === 'seed' ? [] : ['format', 'composite'];
  const estimated = phase === 'seed' || taskId === undefined ? [] : ['group', 'role-reward'];
  return ['prompt', 'completion', 'parse', 'validation', ...estimated, ...rewarded, ...end];
}

/** Whatever a formula says must be what is stored. */
function checkNumbers(story: RewardStory, rollout: RolloutRecord): void {
  const composite = stage(story, 'composite');
  expect(composite?.value).toBe(rollout.reward);
  if (rollout.reward !== undefined) {
    expect(composite?.formula?.result).toBeCloseTo(rollout.reward, 9);
  }
  const advantage = stage(story, 'advantage');
  expect(advantage?.trained).toBe(rollout.trained);
  if (rollout.advantage !== undefined) {
    expect(advantage?.formula?.result).toBeCloseTo(rollout.advantage ?? Number.NaN, 9);
    expect(advantage?.value).toBe(rollout.advantage);
  }
  const formulas = story.stages.flatMap(({ formula }) => formula ?? []);
  for (const { symbols, numbers, result, legend } of formulas) {
    expect([symbols, numbers]).not.toContain('');
    expect(result).not.toBeNaN();
    expect(legend.length).toBeGreaterThan(0);
  }
}

function checkBaseline(story: RewardStory, queries: RunQueries, preset: 'studio' | 'paper'): void {
  const told = stage(story, 'baseline');
  if (told === undefined) return;
  const stored = queries.reader
    .baselines(story.step)
    .find(({ role, mode }) => role === story.role && mode === story.mode);
  const { mean = Number.NaN, standardDeviation, count } = stored ?? {};
  expect(told).toMatchObject({ standardDeviation, count, batchMean: mean });
  const ofGroup = preset === 'studio' && story.role === 'solver';
  expect(told.baseline).toBe(ofGroup ? 'group' : 'task-role');
  expect(told.formula?.result).toBe(told.mean);
  if (!ofGroup) expect(told.mean).toBeCloseTo(mean, 9);
  expect(told.members.filter(({ current }) => current)).toHaveLength(1);
  const rewards = told.members.map(({ reward = Number.NaN }) => reward);
  expect(rewards.reduce((sum, reward) => sum + reward, 0) / count!).toBeCloseTo(mean, 9);
}

function checkTokens(story: RewardStory, rollout: RolloutRecord, proposerWeight: number): void {
  const { tokens = [] } = stage(story, 'tokens') ?? {};
  expect(tokens.map(({ text }) => text)).toEqual(rollout.tokens.map(String));
  const weight = rollout.role === 'proposer' ? proposerWeight : 1;
  const advantage = rollout.trained ? (rollout.advantage ?? 0) : 0;
  tokens.forEach(({ probability, push }, index) => {
    expect(probability).toBeCloseTo(Math.exp(rollout.logProbabilities[index]!), 6);
    expect(push).toBeCloseTo(weight * advantage * (1 - probability), 9);
  });
}

function checkParts(story: RewardStory, rollout: RolloutRecord, queries: RunQueries): void {
  const { parts = [], completion = '' } = stage(story, 'completion') ?? {};
  const marked = (kind: string) =>
    parts.filter(({ part }) => part === kind).map(({ start, end }) => completion.slice(start, end));
  if (rollout.role === 'solver') {
    expect(marked('answer')).toEqual(rollout.answer === undefined ? [] : [rollout.answer]);
    return;
  }
  const proposal = queries.relatives.proposalOfRollout(rollout.id);
  const { program, input, inputs, message } = proposal ?? {};
  const list = (text: string | undefined) => (text === undefined ? [] : [text]);
  expect(marked('message')).toEqual(list(message));
  expect(marked('input')).toEqual(inputs ?? list(input));
  if (rollout.mode !== 'induction') expect(marked('program')).toEqual(list(program));
}

describe.each([
  ['studio', STUDIO, 0.3],
  ['paper', PAPER, 1],
] as const)('every reward of a real run, preset %s', (preset, options, proposerWeight) => {
  test(
    'its story has the stored numbers, and the formulas give them',
    { timeout: TIMEOUT_MS },
    async () => {
      const queries = RunQueries.open(await realRun(preset, options));
      const { lastRolloutId } = queries.reader.counters();
      expect(lastRolloutId).toBeGreaterThan(100);
      const seen = new Set<string>();
      for (let id = 1; id <= lastRolloutId; id += 1) {
        const rollout = queries.reader.rollout(id)!;
        const story = rewardStory(queries, 'run', id, (tokens) => tokens.map(String))!;
        expect(story.stages.map(({ kind }) => kind)).toEqual(expectedStages(rollout));
        for (const { summary } of story.stages) expect(summary).toMatch(/^[A-Z0-9].*\.$/s);
        checkNumbers(story, rollout);
        checkBaseline(story, queries, preset);
        checkTokens(story, rollout, proposerWeight);
        checkParts(story, rollout, queries);
        // A held-out program may be proposed by chance; nothing is learned from it.
        if (queries.relatives.proposalOfRollout(id)?.reason === 'held-out') {
          expect(rollout.trained).toBe(false);
          continue;
        }
        seen.add(`${rollout.role} ${rollout.phase} ${rollout.trained ? 'trained' : 'shown'}`);
      }
      queries.close();
      const common = [
        ...['proposer seed shown', 'proposer propose trained'],
        ...['solver greedy shown', 'solver probe shown'],
      ];
      const own =
        preset === 'studio'
          ? [
              ...['solver estimate trained', 'solver estimate shown', 'solver curriculum shown'],
              ...['solver replay trained', 'solver replay shown'],
              ...['proposer explore shown', 'proposer explore trained'],
            ]
          : ['solver estimate shown', 'solver solve trained'];
      expect([...seen].sort()).toEqual([...common, ...own].sort());
    },
  );
});
