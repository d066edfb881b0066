/** Two steps small enough to work out every answer by hand. */
import type {
  ProposalRecord,
  RolloutRecord,
  StepRecord,
  TaskRecord,
} from '../../server/protocol/records.ts';
import type { Mode, Verdict, VerdictReason } from '../../server/protocol/vocabulary.ts';

const REASON: Readonly<Record<Verdict, VerdictReason>> = {
  correct: 'equal',
  wrong: 'different-output',
  malformed: 'not-a-literal',
};
const REWARD: Readonly<Record<Verdict, number>> = { correct: 1, wrong: -0.5, malformed: -1 };

/** A proposer's rollout; `tokens` is how many it has. */
export function proposerRollout(
  id: number,
  step: number,
  mode: Mode,
  fields: Partial<RolloutRecord> & { readonly tokens?: readonly number[] } = {},
): RolloutRecord {
  return {
    ...{ id, step, role: 'proposer', mode, phase: 'propose', group: id },
    prompt: `[propose ${mode}]\n`,
    completion: 'def f(a):\n    return a\n# 1',
    promptTokens: [1],
    tokens: [1, 2, 3],
    logProbabilities: [-1, -1, -1],
    stopReason: 'stop',
    executions: [],
    rewardTerms: [],
    trained: true,
    ...fields,
  };
}

/** A solver's rollout with the reward of its verdict. */
export function solverRollout(
  id: number,
  step: number,
  mode: Mode,
  group: number,
  verdict: Verdict,
  fields: Partial<RolloutRecord> = {},
): RolloutRecord {
  return {
    ...proposerRollout(id, step, mode),
    ...{ role: 'solver', phase: 'estimate', group },
    prompt: `[solve ${mode}]\ndef f(a):\n    return a\n# ${String(group)}\n-> `,
    completion: String(id),
    answer: String(id),
    verdict,
    verdictReason: REASON[verdict],
    verdictMessage: `The answer was judged ${verdict}.`,
    reward: REWARD[verdict],
    ...fields,
  };
}

/** Number of the held-out task. */
const HELD_OUT_TASK = 9;
const SEED = { step: 0, origin: 'seed', syntaxNodes: 6, template: 'identity' } as const;

function task(fields: Pick<TaskRecord, 'id' | 'step' | 'mode'> & Partial<TaskRecord>): TaskRecord {
  return {
    origin: 'proposed',
    program: `def f(a):\n    return a + ${String(fields.id)}`,
    examples: [{ input: '1', output: '2' }],
    visible: 0,
    structure: `structure ${String(fields.id)}`,
    template: 'adds',
    constructs: ['operator:add'],
    syntaxNodes: 10,
    parentTaskIds: [],
    ...fields,
  };
}

function proposal(
  id: number,
  step: number,
  mode: Mode,
  rolloutId: number,
  fields: Partial<ProposalRecord>,
): ProposalRecord {
  return {
    ...{ id, step, mode, rolloutId, referenceTaskIds: [], accepted: false },
    program: `def f(a):\n    return a + ${String(id)}`,
    input: '1',
    ...fields,
  };
}

/**
 * Step 0: seeds. Task 1 (deduction) and its copy, task 2 (abduction). One held-out task is asked greedily.
 * Step 1: task 3 (deduction), solved 3 of 4 times, and task 4 (induction), solved never; both were
 * shown task 1, task 4 also task 3. One deduction proposal is rejected.
 */
export function handMadeSteps(): StepRecord[] {
  const seeding: StepRecord = {
    step: 0,
    startedAt: '2026-01-01T00:00:00.000Z',
    durationMs: 1000,
    proposals: [proposal(1, 0, 'deduction', 1, { accepted: true, taskId: 1 })],
    tasks: [
      task({ id: 1, ...SEED, mode: 'deduction' }),
      task({ id: 2, ...SEED, mode: 'abduction' }),
      task({
        ...{ id: HELD_OUT_TASK, step: 0, mode: 'deduction', origin: 'held-out' },
        ...{ program: 'def f(a):\n    return a', template: 'held out', stratum: 'untaught 1' },
        ...{ itemId: 'HumanEval/12', tolerance: 1e-6 },
      }),
    ],
    rollouts: [
      proposerRollout(1, 0, 'deduction', { phase: 'seed', trained: false, taskId: 1 }),
      solverRollout(2, 0, 'deduction', 2, 'correct', {
        ...{ phase: 'greedy', trained: false, taskId: HELD_OUT_TASK },
      }),
    ],
    baselines: [],
    ...{ attempts: [], harvests: [], goldDocuments: [] },
    metrics: [
      { step: 0, name: 'probe.greedy.mean', value: 0.5 },
      { step: 0, name: 'entropy', value: Number.NaN },
    ],
  };
  const rejected = 'def f(a):\n    retrun a  # 100%_sure';
  const step: StepRecord = {
    step: 1,
    startedAt: '2026-01-01T00:00:10.000Z',
    durationMs: 3000,
    proposals: [
      proposal(2, 1, 'deduction', 3, { accepted: true, taskId: 3, referenceTaskIds: [1] }),
      proposal(3, 1, 'deduction', 4, {
        program: rejected,
        reason: 'syntax',
        reasonMessage: 'invalid syntax',
        line: 2,
      }),
      proposal(4, 1, 'induction', 5, {
        accepted: true,
        taskId: 4,
        message: 'Zählt die Öfen',
        inputs: ['1', '2'],
      }),
    ],
    tasks: [
      task({
        id: 3,
        step: 1,
        mode: 'deduction',
        parentTaskIds: [1],
        solveRate: 0.75,
        learnability: 0.25,
      }),
      task({
        ...{
          id: 4,
          step: 1,
          mode: 'induction',
          parentTaskIds: [1, 3],
          solveRate: 0,
          learnability: 0,
        },
        ...{ message: 'Zählt die Öfen', syntaxNodes: 14, template: 'counts' },
        examples: [
          { input: '1', output: '2' },
          { input: '3', output: '4' },
        ],
        visible: 1,
      }),
    ],
    rollouts: [
      proposerRollout(3, 1, 'deduction', { taskId: 3, reward: 0.25, advantage: 1 }),
      proposerRollout(4, 1, 'deduction', {
        reward: -1,
        advantage: -1,
        tokens: [1],
        logProbabilities: [-1],
      }),
      proposerRollout(5, 1, 'induction', { taskId: 4, reward: 0, advantage: 0 }),
      solverRollout(6, 1, 'deduction', 6, 'correct', { taskId: 3, advantage: 0.5 }),
      solverRollout(7, 1, 'deduction', 6, 'correct', { taskId: 3, advantage: 0.5 }),
      solverRollout(8, 1, 'deduction', 6, 'correct', { taskId: 3, advantage: 0.5 }),
      solverRollout(9, 1, 'deduction', 6, 'malformed', { taskId: 3, advantage: -1.5 }),
      solverRollout(10, 1, 'induction', 7, 'wrong', { taskId: 4, trained: false }),
      solverRollout(11, 1, 'induction', 7, 'wrong', {
        ...{ taskId: 4, trained: false, verdictReason: 'timeout' },
        answer: 'def f(a):\n    while True: pass',
      }),
    ],
    baselines: [],
    ...{ attempts: [], harvests: [], goldDocuments: [] },
    metrics: [
      { step: 1, name: 'probe.greedy.mean', value: 0.75 },
      { step: 1, name: 'entropy', value: 2 },
    ],
  };
  return [seeding, step];
}
