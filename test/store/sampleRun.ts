/** A small run with one of everything, for the tests of whatever reads or writes runs. */
import type { RolloutRecord, StepRecord } from '../../server/protocol/records.ts';
import { completeSettings, presetDepartures } from '../../server/src/settings/settings.ts';
import type {
  RunInformation,
  SessionInformation,
} from '../../server/src/store/rows/runInformation.ts';

export function sampleInformation(): RunInformation {
  const settings = completeSettings([{ steps: 7, seed: 42, estimationRollouts: 8 }], 'test');
  return {
    createdAt: '2026-01-02T03:04:05.000Z',
    protocolVersion: 1,
    settings,
    departures: presetDepartures(settings),
    dialect: 'compact',
    modelDigest: `sha256:${'0'.repeat(64)}`,
  };
}

export function sampleSession(afterStep: number): SessionInformation {
  return {
    startedAt: '2026-01-02T03:04:06.000Z',
    afterStep,
    engine: {
      server: 'local',
      model: 'azr-nano',
      device: 'cpu',
      parameters: 1_000_000,
      trainable: 'full',
      contextTokens: 512,
      samplerMatchesTrainer: true,
    },
    sandbox: { engine: 'native', pythonVersion: '3.11.7', rings: ['process'], notPromised: ['x'] },
    machine: {
      platform: 'linux',
      release: '6.1',
      architecture: 'x64',
      processor: 'a processor',
      cores: 2,
      memoryMb: 1024,
      nodeVersion: '24.0.0',
    },
  };
}

/** Step `step` with a proposer's rollout that became a task and two solver rollouts of it. */
export function sampleStep(step: number): StepRecord {
  const [proposerId, firstId, secondId] = [step * 3 + 1, step * 3 + 2, step * 3 + 3];
  const taskId = step + 1;
  const solver: Omit<RolloutRecord, 'id'> = {
    step,
    role: 'solver',
    mode: 'deduction',
    phase: 'solve',
    taskId,
    group: step * 2 + 2,
    prompt: `What does f([1]) give? #${step}`,
    completion: '[1, 1]',
    promptTokens: [1, 2, 3],
    tokens: [7, 8, 2_147_483_647],
    logProbabilities: [-0.5, -0.25, -1024],
    stopReason: 'stop',
    verdict: 'correct',
    verdictReason: 'equal',
    answer: '[1, 1]',
    executions: [],
    rewardTerms: [{ name: 'correctness', value: 1, explanation: 'equal to the gold output' }],
    reward: 1,
    advantage: 0.75,
    trained: true,
  };
  const proposer: RolloutRecord = {
    ...solver,
    id: proposerId,
    role: 'proposer',
    phase: 'propose',
    group: step * 2 + 1,
    prompt: 'Propose a task.',
    completion: 'def f(a):\n    return a + a\n',
    answer: 'def f(a):\n    return a + a\n',
    executions: [
      { outcome: 'ok', output: '[1, 1]', stdout: 'ü\n', durationMs: 0.5, cpuMs: 0.25, memoryKb: 8 },
      {
        outcome: 'error',
        message: 'It raised ValueError.',
        exceptionType: 'ValueError',
        line: 2,
        stdout: '',
        durationMs: 1,
        cpuMs: 1,
        memoryKb: 9,
      },
    ],
    rewardTerms: [],
  };
  delete (proposer as { verdict?: unknown }).verdict;
  delete (proposer as { verdictReason?: unknown }).verdictReason;
  return {
    step,
    startedAt: '2026-01-02T03:04:07.000Z',
    durationMs: 1500,
    proposals: [
      {
        id: step * 2 + 1,
        step,
        mode: 'deduction',
        rolloutId: proposerId,
        referenceTaskIds: [1, 2],
        program: 'def f(a):\n    return a + a',
        input: '[1]',
        accepted: true,
        taskId,
      },
      {
        id: step * 2 + 2,
        step,
        mode: 'induction',
        rolloutId: proposerId,
        referenceTaskIds: [],
        inputs: ['[1]', '[2]'],
        message: 'doubles',
        accepted: false,
        reason: 'too-few-inputs',
        reasonMessage: 'Two inputs are too few.',
        line: 3,
      },
    ],
    tasks: [
      {
        id: taskId,
        step,
        origin: 'proposed',
        mode: 'deduction',
        program: 'def f(a):\n    return a + a',
        examples: [{ input: '[1]', output: '[1, 1]' }],
        visible: 0,
        structure: 's',
        template: 't',
        constructs: ['operator:multiply', 'statement:return-only'],
        syntaxNodes: 9,
        parentTaskIds: [],
        solveRate: 0.5,
        learnability: 0.5,
      },
    ],
    rollouts: [proposer, { ...solver, id: firstId }, { ...solver, id: secondId, trained: false }],
    attempts: [{ step, taskId, solveRate: 0.25, estimate: 0.375 }],
    harvests: [{ step, taskId, examples: [{ input: '2', output: '3' }] }],
    goldDocuments: [
      {
        ...{ step, taskId, mode: 'deduction', inputs: ['2'] },
        ...{ tokenCount: 2, logProbability: -0.5 },
      },
    ],
    baselines: [
      { step, role: 'solver', mode: 'deduction', mean: 0.5, standardDeviation: 0.25, count: 2 },
    ],
    metrics: [
      { step, name: 'probe.greedy.mean', value: step / 10 },
      { step, name: 'entropy', value: Number.NaN },
    ],
  };
}
