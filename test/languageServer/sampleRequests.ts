/** Requests that are right, and what random changes make of them. */
import type { RequestMap, RequestName } from '../../server/protocol/languageMessages.ts';

const runId = 'run-0123456789ab';

/** One request of every kind that must pass. */
export const GOOD: { readonly [Name in RequestName]: RequestMap[Name]['parameters'] } = {
  'azr/runs': {},
  'azr/configuration': { runId },
  'azr/machine': { folder: '/work' },
  'azr/doctor': {},
  'azr/missingEngineKey': { runId },
  'azr/fetchModel': { model: 'smollm2-135m' },
  'azr/start': { parentFolder: '/work', settings: { steps: 3 } },
  'azr/stop': { runId, when: 'after-step' },
  'azr/pause': { runId },
  'azr/resume': { runId },
  'azr/replay': { runId, speed: 'unlimited' },
  'azr/steps': { runId, order: 'newest', beyondStep: 3, limit: 20 },
  'azr/stepItems': {
    runId,
    step: 0,
    role: 'solver',
    mode: 'induction',
    offset: 0,
    limit: 200,
    filter: {
      modes: ['deduction'],
      verdicts: ['accepted', 'wrong'],
      reasons: ['timeout'],
      text: '',
    },
  },
  'azr/answers': { runId, taskId: 1, limit: 200 },
  'azr/table': { runId, table: 'rollouts', sort: 'advantage', descending: true, limit: 50 },
  'azr/metrics': { runId, names: ['probe.greedy.mean'], afterStep: -1, maximumPoints: 500 },
  'azr/metricNames': { runId },
  'azr/learning': { runId },
  'azr/changedTasks': { runId, change: 'gained', limit: 50, cursor: '50' },
  'azr/heldOutItems': { runId, limit: 200 },
  'azr/heldOutVerdicts': { runId, step: 0, limit: 200, cursor: '200' },
  'azr/evaluationReport': { runId },
  'azr/evaluate': {
    parentFolder: '/work',
    suite: 'heldout',
    subjects: [{ model: 'azr-nano' }, { runId, step: 80 }],
    samples: 16,
    items: 40,
  },
  'azr/skillMap': { runId },
  'azr/curriculum': { runId, stretches: 12 },
  'azr/rewardStory': { runId, rolloutId: 4 },
  'azr/rerun': { uri: 'file:///a.azr.py', text: '', times: 10 },
  'azr/openRunFolder': { folder: '/work/runs/a' },
  'azr/locate': { uri: 'azr:/a/task-1.py' },
  'azr/scratch': { uri: 'azr:/a/task-1.py' },
  'azr/pythonFile': { uri: 'azr:/a/task-1.py' },
};
