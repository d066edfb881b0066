/**
 * A host that answers as the server did: from `fixtures/recording.json`, which `recordRun.ts` makes
 * from a real run. What was not recorded is refused, so that no test passes on an invented answer.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';

import type { ChangedTask, LearningReport, TaskChange } from '../../../server/protocol/learning.ts';
import { MAXIMUM_PAGE, type Page } from '../../../server/protocol/queries.ts';
import type { RunOverview } from '../../../server/protocol/runs.ts';
import type { RewardStory } from '../../../server/protocol/rewardStory.ts';
import type {
  HostMessage,
  PageFocus,
  PageMessage,
} from '../../../server/protocol/webviewMessages.ts';
import { PROTOCOL_VERSION } from '../../../server/protocol/version.ts';
import type { Answerer } from './webviewHarness.ts';

export interface Recording {
  readonly overview: RunOverview;
  /** Answers by method and canonical parameters. */
  readonly answers: Readonly<Record<string, unknown>>;
  /** Rollouts whose stories were recorded, by what they show. */
  readonly rollouts: Readonly<Record<string, number>>;
}

export const RECORDING_PATH = path.resolve(import.meta.dirname, '../fixtures/recording.json');

export function readRecording(): Recording {
  return JSON.parse(readFileSync(RECORDING_PATH, 'utf8')) as Recording;
}

export function requestKey(method: string, parameters: unknown): string {
  return `${method} ${JSON.stringify(parameters, sortedKeys)}`;
}

export interface HostOptions {
  readonly focus: PageFocus;
  readonly runs?: readonly RunOverview[];
  readonly memory?: unknown;
  /** Goes before the recording; undefined leaves the answer to it. */
  readonly override?: (method: string, parameters: Record<string, unknown>) => unknown;
}

export function recordedHost(recording: Recording, options: HostOptions): Answerer {
  return (message: PageMessage): HostMessage[] => {
    switch (message.kind) {
      case 'ready':
        return [
          {
            kind: 'state',
            protocolVersion: PROTOCOL_VERSION,
            runs: options.runs ?? [recording.overview],
            focus: options.focus,
            memory: options.memory,
          },
        ];
      case 'request':
        return [answered(recording, options, message)];
      case 'action':
        // What the extension does with it: the stepper's focus moves.
        return message.action.kind === 'show-rewards'
          ? [{ kind: 'focus', focus: { ...message.action, kind: 'rewards' } }]
          : [];
      case 'cancel':
      case 'defect':
        return [];
    }
  };
}

export function storyOf(recording: Recording, name: string): RewardStory {
  const rolloutId = recording.rollouts[name];
  const key = requestKey('azr/rewardStory', { runId: recording.overview.id, rolloutId });
  return recording.answers[key] as RewardStory;
}

export function learningOf({ overview, answers }: Recording): LearningReport {
  return answers[requestKey('azr/learning', { runId: overview.id })] as LearningReport;
}

export function changedOf({ overview, answers }: Recording, change: TaskChange): ChangedTask[] {
  const query = { runId: overview.id, change, limit: MAXIMUM_PAGE };
  return (answers[requestKey('azr/changedTasks', query)] as Page<ChangedTask>)
    .items as ChangedTask[];
}

function answered(
  recording: Recording,
  { override }: HostOptions,
  { id, method, parameters }: Extract<PageMessage, { kind: 'request' }>,
): HostMessage {
  const replaced = override?.(method, parameters as Record<string, unknown>);
  if (replaced !== undefined) return { kind: 'response', id, result: replaced };
  const result = recording.answers[requestKey(method, parameters)];
  if (result !== undefined) return { kind: 'response', id, result };
  return {
    kind: 'refusal',
    id,
    problem: {
      code: 'not-recorded',
      message: `${method} was not recorded.`,
      remedy: `Record it: ${JSON.stringify(parameters)}`,
    },
  };
}

function sortedKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
