import { afterEach, describe, expect, test } from 'vitest';

import type {
  ProposalRecord,
  RolloutRecord,
  StepRecord,
  TaskRecord,
} from '../../server/protocol/records.ts';
import type { RewardStage, RewardStory } from '../../server/protocol/rewardStory.ts';
import type { RunSettings } from '../../server/protocol/settings.ts';
import { REJECTION_REASONS, VERDICT_REASONS, type Mode } from '../../server/protocol/vocabulary.ts';
import {
  proposerReward,
  rejectedProposalReward,
  solverReward,
} from '../../server/src/method/rewards.ts';
import { rewardStory } from '../../server/src/languageServer/rewards/rewardStory.ts';
import { completeSettings } from '../../server/src/settings/settings.ts';
import { SqliteRunStore } from '../../server/src/store/writer/sqliteRunStore.ts';
import { proposerRollout, solverRollout } from '../store/handMadeSteps.ts';
import { sampleInformation, sampleStep } from '../store/sampleRun.ts';
import { temporaryPath } from '../store/temporaryRun.ts';
import { WholeQueries } from '../store/wholeQueries.ts';

const open: WholeQueries[] = [];

afterEach(() => {
  for (const queries of open.splice(0)) queries.close();
});

/** A run whose step 1 is `step`, read back. */
function run(step: Partial<StepRecord>, settings: Partial<RunSettings> = {}): WholeQueries {
  const path = temporaryPath();
  const complete = completeSettings([{ ...settings }], 'test');
  const store = SqliteRunStore.create(path, { ...sampleInformation(), settings: complete });
  const none = {
    ...{ proposals: [], tasks: [], rollouts: [], baselines: [], metrics: [] },
    ...{ attempts: [], harvests: [], goldDocuments: [] },
  };
  const record = { startedAt: '2026-01-01T00:00:00.000Z', durationMs: 1, ...none };
  store.commitStep({ ...record, step: 0 });
  store.commitStep({ ...record, ...step, step: 1 });
  store.close();
  const queries = WholeQueries.open(path);
  open.push(queries);
  return queries;
}

function tell(queries: WholeQueries, id: number): RewardStory {
  const story = rewardStory(queries, 'run', id, (tokens) =>
    tokens.map((token) => `t${String(token)}`),
  );
  if (story === undefined) throw new Error('There is no such rollout.');
  return story;
}

function stage<Kind extends RewardStage['kind']>(story: RewardStory, kind: Kind) {
  const found = story.stages.find((candidate) => candidate.kind === kind);
  return found as Extract<RewardStage, { kind: Kind }> | undefined;
}

const task = (mode: Mode, solveRate: number): TaskRecord => ({
  ...{ id: 1, step: 1, origin: 'proposed', mode, program: 'def f(a):\n    return a * 2' },
  examples: [
    { input: '1', output: '2' },
    { input: '3', output: '6' },
  ],
  ...{
    visible: mode === 'induction' ? 1 : 0,
    structure: 's',
    template: 't',
    constructs: [],
    syntaxNodes: 8,
  },
  ...{ parentTaskIds: [], solveRate, learnability: 1 - solveRate },
  ...(mode === 'induction' ? { message: 'doubles' } : {}),
});

const proposal = (fields: Partial<ProposalRecord>): ProposalRecord => ({
  ...{ id: 1, step: 1, mode: 'deduction', rolloutId: 1, referenceTaskIds: [] },
  ...{ program: 'def f(a):\n    return a', input: '1', accepted: false },
  ...fields,
});

test('a story of a completion that was pruned says so, and keeps every number', () => {
  const path = temporaryPath();
  const store = SqliteRunStore.create(path, sampleInformation());
  for (const step of [0, 1]) store.commitStep(sampleStep(step));
  const before = WholeQueries.open(path);
  const told = tell(before, 2);
  before.close();
  store.keepCompletions({ completionsKeptSteps: 1, completionsKeptMb: 0 });
  store.close();
  const queries = WholeQueries.open(path);
  open.push(queries);
  const story = tell(queries, 2);
  const sentence =
    'The text of this completion, 3 tokens long, was pruned: the run keeps those of its newest steps only (setting completionsKeptSteps).';
  expect(stage(story, 'completion')).toMatchObject({
    ...{ summary: sentence, completion: '', parts: [], tokenCount: 3, pruned: true },
  });
  expect(stage(story, 'tokens')).toEqual({
    kind: 'tokens',
    summary: `How the update pushed each token is not known any more. ${sentence}`,
    tokens: [],
    pruned: true,
  });
  const others = ({ stages }: RewardStory) =>
    stages.filter(({ kind }) => kind !== 'completion' && kind !== 'tokens');
  expect(others(story)).toEqual(others(told));
  expect(others(told).length).toBeGreaterThan(4);
});

test('the solve rate is that of all attempts, however many of them a page lists', () => {
  // The last 50 of 250 are right: of the first 200, none.
  const attempts = Array.from({ length: 250 }, (_, index) =>
    solverRollout(index + 2, 1, 'deduction', 9, index < 200 ? 'wrong' : 'correct', {
      ...{ taskId: 1, phase: 'estimate' },
    }),
  );
  const queries = run({
    tasks: [task('deduction', 0.2)],
    proposals: [proposal({ accepted: true, taskId: 1 })],
    rollouts: [proposerRollout(1, 1, 'deduction', { taskId: 1 }), ...attempts],
  });
  for (const rollout of [1, 2]) {
    expect(stage(tell(queries, rollout), 'group')).toMatchObject({
      formula: { numbers: '50 / 250', result: 0.2, paper: 'eq. 4' },
      solveRate: 0.2,
    });
  }
  expect(JSON.stringify(tell(queries, 2))).not.toContain('No attempt');
});

describe('a proposer whose task is solved three times of eight', () => {
  // Rewards of the batch: 0.625 − 0.5 · 0.2 = 0.525 and −1; mean −0.2375, deviation 0.7625.
  const reward = proposerReward(0.375, 0.2, 0.5);
  const rejected = rejectedProposalReward('syntax');
  const tokens = { tokens: [5, 6], logProbabilities: [Math.log(0.25), 0] };
  const attempts = Array.from({ length: 8 }, (_, index) =>
    solverRollout(index + 3, 1, 'deduction', 9, index < 3 ? 'correct' : 'wrong', { taskId: 1 }),
  );
  const queries = () =>
    run(
      {
        tasks: [task('deduction', 0.375)],
        proposals: [
          proposal({ accepted: true, taskId: 1 }),
          proposal({
            id: 2,
            rolloutId: 2,
            reason: 'syntax',
            reasonMessage: 'invalid syntax',
            line: 2,
          }),
        ],
        rollouts: [
          proposerRollout(1, 1, 'deduction', {
            ...{
              taskId: 1,
              reward: reward.value,
              rewardTerms: reward.terms,
              advantage: 1,
              ...tokens,
            },
          }),
          proposerRollout(2, 1, 'deduction', {
            ...{ reward: rejected.value, rewardTerms: rejected.terms, advantage: -1 },
          }),
          ...attempts,
        ],
        baselines: [
          {
            step: 1,
            role: 'proposer',
            mode: 'deduction',
            mean: -0.2375,
            standardDeviation: 0.7625,
            count: 2,
          },
        ],
      },
      { proposerAdvantage: 'together' },
    );

  test('every stage, with its numbers', () => {
    const story = tell(queries(), 1);
    expect(stage(story, 'completion')).toMatchObject({
      parts: [
        { start: 0, end: 22, part: 'program' },
        { start: 25, end: 26, part: 'input' },
      ],
    });
    expect(stage(story, 'group')).toMatchObject({
      summary:
        'The solver tried the new task. 3 of 8 attempts were right, so the solve rate is 0.375.',
      formula: { name: 'p̄', numbers: '3 / 8', result: 0.375, paper: 'eq. 4' },
      solveRate: 0.375,
    });
    expect(stage(story, 'role-reward')).toMatchObject({
      formula: { name: 'r_propose', numbers: '1 − 0.375', result: 0.625, paper: 'eq. 4' },
      value: 0.625,
    });
    expect(stage(story, 'format')).toMatchObject({ value: 0, applied: false });
    const composite = stage(story, 'composite');
    expect(composite?.formula).toMatchObject({
      symbols: 'r_propose − λ · s',
      numbers: '0.625 − 0.5 · 0.2',
    });
    expect(composite?.formula?.result).toBeCloseTo(0.525, 12);
    expect(stage(story, 'baseline')).toMatchObject({
      ...{ baseline: 'task-role', batchMean: -0.2375, standardDeviation: 0.7625, count: 2 },
      formula: { numbers: '(−0.475) / 2', paper: 'eq. 8' },
    });
    expect(stage(story, 'advantage')).toMatchObject({
      summary:
        'The reward 0.525 lies 0.7625 above the mean −0.2375; in units of the standard deviation 0.7625 that is an advantage of 1, so the update makes this completion more likely. Proposers count 0.3 times as much as solvers in the loss (proposerLossWeight).',
      formula: { numbers: '(0.525 − (−0.2375)) / 0.7625' },
      value: 1,
    });
    const pushed = stage(story, 'tokens');
    expect(pushed?.tokens.map(({ text }) => text)).toEqual(['t5', 't6']);
    // 0.3 · 1 · (1 − 0.25), and nothing for a token that was certain.
    expect(pushed?.tokens[0]?.push).toBeCloseTo(0.225, 6);
    expect(pushed?.tokens[1]).toEqual({ text: 't6', probability: 1, push: 0 });
  });

  test('links lead to the task, its first attempt and the sibling that did worse', () => {
    expect(tell(queries(), 1).links).toEqual({
      taskId: 1,
      firstAttempt: 3,
      worstSibling: 2,
      nextSibling: 2,
    });
    expect(tell(queries(), 2).links).toEqual({ bestSibling: 1, previousSibling: 1 });
    expect(tell(queries(), 4).links).toEqual({
      ...{ proposal: 1, taskId: 1, worstSibling: 6, previousSibling: 3, nextSibling: 5 },
    });
  });

  test('the rejected one is told why, at its line', () => {
    const story = tell(queries(), 2);
    expect(stage(story, 'validation')).toMatchObject({
      ...{ accepted: false, reason: 'syntax', message: 'invalid syntax', line: 2 },
      summary:
        'Nothing was executed. The proposal was rejected because the program is not valid Python.',
    });
    expect(stage(story, 'group')).toBeUndefined();
    expect(stage(story, 'format')).toMatchObject({ value: -1, applied: true });
    expect(stage(story, 'composite')).toMatchObject({
      value: -1,
      formula: { result: -1, paper: 'eq. 6' },
    });
  });
});

test.each(REJECTION_REASONS)(
  'a proposal rejected for %s has a reason in words and its reward',
  (reason) => {
    const reward = rejectedProposalReward(reason);
    const rollout = proposerRollout(1, 1, 'deduction', {
      reward: reward.value,
      rewardTerms: reward.terms,
    });
    const story = tell(run({ proposals: [proposal({ reason })], rollouts: [rollout] }), 1);
    expect(stage(story, 'validation')?.summary).toMatch(
      /rejected because (?:the|its|an|two|too) .+\.$/,
    );
    const expected = reason === 'duplicate' || reason === 'held-out' ? -0.5 : -1;
    expect(stage(story, 'composite')?.formula?.result).toBe(expected);
  },
);

describe('solvers', () => {
  const judged = (
    id: number,
    mode: Mode,
    verdict: 'correct' | 'wrong' | 'malformed',
    reason: (typeof VERDICT_REASONS)[number],
    fields: Partial<RolloutRecord> = {},
  ): RolloutRecord => {
    const reward = solverReward(verdict, reason);
    return solverRollout(id, 1, mode, 5, verdict, {
      ...{ taskId: 1, verdictReason: reason, reward: reward.value, rewardTerms: reward.terms },
      ...fields,
    });
  };
  const ran = {
    outcome: 'ok',
    output: '4',
    stdout: '',
    durationMs: 1,
    cpuMs: 1,
    memoryKb: 1,
  } as const;

  test.each(VERDICT_REASONS)('%s is put into words', (reason) => {
    const verdict = reason === 'equal' ? 'correct' : 'wrong';
    for (const mode of ['deduction', 'abduction', 'induction'] as const) {
      const queries = run({
        tasks: [task(mode, 0.5)],
        rollouts: [judged(1, mode, verdict, reason)],
      });
      expect(stage(tell(queries, 1), 'execution')?.summary).toMatch(
        new RegExp(`The answer is ${verdict} because .+\\.$`),
      );
    }
  });

  test('the words of the judgement are shown with its values', () => {
    const verdictMessage = 'With this input the program gives 4, not 6.';
    const queries = run({
      tasks: [task('abduction', 0.5)],
      rollouts: [judged(1, 'abduction', 'wrong', 'different-output', { verdictMessage })],
    });
    expect(stage(tell(queries, 1), 'execution')?.message).toBe(verdictMessage);
  });

  test.each([
    ['correct', 1, 1, false],
    ['wrong', -0.5, 0, true],
    ['malformed', -1, 0, true],
  ] as const)('%s: the reward is %d', (verdict, reward, correctness, applied) => {
    const reason = ({ correct: 'equal', wrong: 'different-output', malformed: 'format' } as const)[
      verdict
    ];
    const story = tell(
      run({ tasks: [task('deduction', 0.5)], rollouts: [judged(1, 'deduction', verdict, reason)] }),
      1,
    );
    expect(stage(story, 'role-reward')).toMatchObject({
      value: correctness,
      formula: { paper: 'eq. 5' },
    });
    expect(stage(story, 'format')).toMatchObject({ applied });
    expect(stage(story, 'composite')).toMatchObject({ value: reward, formula: { result: reward } });
  });

  test('induction is compared with the hidden examples only', () => {
    const story = tell(
      run({
        tasks: [task('induction', 0.5)],
        rollouts: [judged(1, 'induction', 'correct', 'equal')],
      }),
      1,
    );
    expect(stage(story, 'execution')?.expected).toEqual([{ input: '3', output: '6' }]);
    expect(story.title).toBe('doubles');
  });

  test('an equal answer that was executed for a sibling shows that execution', () => {
    const rollouts = [
      judged(1, 'abduction', 'wrong', 'different-output', { answer: '2', executions: [ran] }),
      judged(2, 'abduction', 'wrong', 'different-output', { answer: '2' }),
      judged(3, 'abduction', 'wrong', 'different-output', { answer: '3' }),
    ];
    const queries = run({ tasks: [task('abduction', 0)], rollouts });
    const shared = stage(tell(queries, 2), 'execution');
    expect(shared?.executions).toEqual([ran]);
    expect(shared?.summary).toContain('executed for rollout 1 of this group');
    expect(stage(tell(queries, 3), 'execution')?.executions).toEqual([]);
  });

  test('a group baseline is the mean of the group, over the deviation of the batch', () => {
    const rollouts = [
      judged(1, 'deduction', 'correct', 'equal', { advantage: 1 }),
      judged(2, 'deduction', 'wrong', 'different-output', { advantage: -1 }),
      judged(3, 'deduction', 'correct', 'equal', { group: 6, advantage: 0, prompt: 'other' }),
    ];
    const baseline = {
      step: 1,
      role: 'solver',
      mode: 'deduction',
      mean: 0.5,
      standardDeviation: 0.75,
      count: 3,
    } as const;
    const queries = run({ tasks: [task('deduction', 0.5)], rollouts, baselines: [baseline] });
    expect(stage(tell(queries, 1), 'baseline')).toMatchObject({
      ...{ baseline: 'group', mean: 0.25, batchMean: 0.5, standardDeviation: 0.75, count: 3 },
      formula: { name: 'μ_g', numbers: '0.5 / 2', result: 0.25 },
      members: [{ rolloutId: 1, current: true }, { rolloutId: 2 }, { rolloutId: 3 }],
    });
    expect(stage(tell(queries, 1), 'advantage')?.formula?.result).toBe(1);
    expect(stage(tell(queries, 3), 'advantage')?.summary).toContain('equals the mean of its group');
  });

  test('not divided by the deviation where the setting says so', () => {
    const rollouts = [
      judged(1, 'deduction', 'correct', 'equal', { advantage: 0.75 }),
      judged(2, 'deduction', 'wrong', 'different-output', { advantage: -0.75 }),
    ];
    const baseline = {
      step: 1,
      role: 'solver',
      mode: 'deduction',
      mean: 0.25,
      standardDeviation: 0.75,
      count: 2,
    } as const;
    const queries = run(
      { tasks: [task('deduction', 0.5)], rollouts, baselines: [baseline] },
      { advantageScale: 'none' },
    );
    expect(stage(tell(queries, 1), 'advantage')?.formula).toMatchObject({
      symbols: 'r − μ_g',
      result: 0.75,
    });
  });

  test('divided by the share of right answers where the setting says so', () => {
    const rollouts = [
      judged(1, 'deduction', 'correct', 'equal', { advantage: 1.5 }),
      judged(2, 'deduction', 'wrong', 'different-output', { advantage: -1.5 }),
    ];
    const baseline = {
      ...({ step: 1, role: 'solver', mode: 'deduction' } as const),
      ...{ mean: 0.25, standardDeviation: 0.75, count: 2 },
    };
    const queries = run(
      { tasks: [task('deduction', 0.5)], rollouts, baselines: [baseline] },
      { advantageScale: 'group-rate' },
    );
    const advantage = stage(tell(queries, 1), 'advantage');
    expect(advantage?.formula).toMatchObject({
      symbols: '(r − μ_g) / p_g',
      numbers: '(1 − 0.25) / 0.5',
      result: 1.5,
    });
    expect(advantage?.summary).toContain('in units of the share of right answers 0.5');
  });

  test('a proposer whose form and worth are compared apart is told both', () => {
    const valid = proposerRollout(1, 1, 'deduction', {
      ...{ reward: 0.75, advantage: 2.5 },
      rewardTerms: [{ name: 'learnability', value: 0.75, explanation: '' }],
    });
    const invalid = proposerRollout(2, 1, 'deduction', {
      ...{ reward: -1, advantage: -1 },
      rewardTerms: [{ name: 'format', value: -1, explanation: '' }],
    });
    const { mode } = valid;
    const baseline = {
      ...({ step: 1, role: 'proposer', mode } as const),
      ...{ mean: -0.125, standardDeviation: 0.875, count: 2 },
    };
    const metrics = Object.entries({
      ...{ formMean: -0.5, formDeviation: 0.5, roleMean: 0.375, roleDeviation: 0.25 },
    }).map(([name, value]) => ({ step: 1, name: `proposer.${mode}.${name}`, value }));
    const queries = run({ rollouts: [valid, invalid], baselines: [baseline], metrics });
    expect(stage(tell(queries, 1), 'advantage')?.formula).toMatchObject({
      symbols: '(f − μ_f) / σ_f + (l − μ_l) / σ_l',
      numbers: '(0 − (−0.5)) / 0.5 + (0.75 − 0.375) / 0.25',
      result: 2.5,
    });
    expect(stage(tell(queries, 2), 'advantage')?.formula?.result).toBe(-1);
    expect(stage(tell(queries, 2), 'advantage')?.summary).toContain('did not become a task');
  });

  test('a batch without a difference has no advantage', () => {
    const rollouts = [judged(1, 'deduction', 'correct', 'equal', { advantage: 0 })];
    const baseline = {
      step: 1,
      role: 'solver',
      mode: 'deduction',
      mean: 1,
      standardDeviation: 0,
      count: 1,
    } as const;
    const story = tell(run({ tasks: [task('deduction', 1)], rollouts, baselines: [baseline] }), 1);
    expect(stage(story, 'advantage')).toMatchObject({ value: 0, formula: { result: 0 } });
    expect(stage(story, 'advantage')?.summary).toContain(
      'No reward of the batch is better than another',
    );
    expect(stage(story, 'tokens')?.summary).toBe('The update did not push any of the 3 tokens.');
  });

  test.each<[string, Partial<RolloutRecord>, Partial<RunSettings>, RegExp]>([
    ['a probe', { phase: 'probe' }, {}, /held out/],
    [
      'a group that the gate leaves out',
      {},
      {},
      /Every attempt of the group was right.*learnabilityGate/,
    ],
    [
      'estimation that is not trained on',
      {},
      { preset: 'paper', solverTasksPerMode: 4 },
      /trainOnEstimation is off/,
    ],
  ])('%s says why it was not trained on', (_what, fields, settings, why) => {
    const rollout = judged(1, 'deduction', 'correct', 'equal', { trained: false, ...fields });
    const story = tell(run({ tasks: [task('deduction', 1)], rollouts: [rollout] }, settings), 1);
    expect(stage(story, 'advantage')).toMatchObject({ trained: false, value: 0 });
    expect(stage(story, 'advantage')?.summary).toMatch(why);
    expect(stage(story, 'baseline')).toBeUndefined();
    expect(stage(story, 'tokens')?.tokens.every(({ push }) => push === 0)).toBe(true);
  });
});

test('a rollout that is not there has no story', () => {
  expect(rewardStory(run({}), 'run', 7, () => [])).toBeUndefined();
});

test('a proposal of the starting model that was learned again says so, without an advantage', () => {
  const rehearsed = proposerRollout(1, 1, 'deduction', { phase: 'explore' });
  const told = tell(run({ rollouts: [rehearsed] }), rehearsed.id);
  expect(stage(told, 'baseline')).toBeUndefined();
  expect(stage(told, 'advantage')).toMatchObject({
    value: 0,
    trained: true,
    summary: expect.stringContaining('learned it again by cross-entropy') as string,
  });
  expect(stage(told, 'tokens')?.summary).toContain('more likely');

  const left = tell(run({ rollouts: [{ ...rehearsed, trained: false }] }), rehearsed.id);
  expect(stage(left, 'advantage')?.summary).toContain('so it has no advantage');
  expect(stage(left, 'tokens')?.summary).toContain('did not push any');
});
