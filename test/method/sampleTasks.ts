/** Tasks and settings for tests of the method. */
import type { TaskRecord } from '../../server/protocol/records.ts';
import type { RunSettings } from '../../server/protocol/settings.ts';
import { completeSettings } from '../../server/src/settings/settings.ts';

/** Task number `id`, of a program of its own. */
export function sampleTask(id: number, changes: Partial<TaskRecord> = {}): TaskRecord {
  return {
    id,
    step: 1,
    origin: 'proposed',
    mode: 'deduction',
    program: `def f(a):\n    return a + ${id}`,
    examples: [{ input: '1', output: String(id + 1) }],
    visible: 0,
    structure: `structure ${id}`,
    template: `template ${id}`,
    constructs: ['operator:add', 'statement:return-only'],
    syntaxNodes: 9,
    parentTaskIds: [],
    ...changes,
  };
}

/** A preset at toy size, valid by the rules of the run file. */
export function toySettings(changes: Partial<RunSettings> = {}): RunSettings {
  const preset = changes.preset ?? 'studio';
  const toySize: Partial<RunSettings> = {
    preset,
    dialect: 'compact',
    steps: 3,
    seedTasks: 6,
    proposalsPerMode: 4,
    startingProposals: 0,
    rehearsedProposals: 0,
    estimationRollouts: 4,
    inductionInputs: 4,
    inductionVisible: 2,
    ...(preset === 'paper' ? { solverTasksPerMode: 4 } : {}),
    maximumProposalTokens: 96,
    maximumAnswerTokens: 48,
    curriculumEverySteps: 0,
    warmUpSteps: 0,
  };
  return completeSettings([toySize, changes], 'test');
}
