/**
 * Messages between the extension and its webviews. A page says `ready`, gets `state`, and from then
 * on asks for what it shows: the extension passes the queries of {@link PAGE_REQUESTS} on to the
 * language server and refuses everything else. A hidden page gets nothing; it starts over with `ready`.
 */
import type { Measurement } from './comparison.ts';
import type { RequestMap } from './languageMessages.ts';
import type { Problem } from './problem.ts';
import type { RunId, RunOverview } from './runs.ts';

/** Server requests that a page may make. */
export const PAGE_REQUESTS = [
  'azr/configuration',
  'azr/metrics',
  'azr/metricNames',
  'azr/curriculum',
  'azr/learning',
  'azr/changedTasks',
  'azr/evaluationReport',
  'azr/comparison',
  'azr/comparedTasks',
  'azr/skillMap',
  'azr/table',
  'azr/steps',
  'azr/answers',
  'azr/rewardStory',
] as const satisfies readonly (keyof RequestMap)[];
export type PageRequestName = (typeof PAGE_REQUESTS)[number];

/** What a page may ask the extension to do. */
export type PageAction =
  | { readonly kind: 'open-document'; readonly uri: string }
  | { readonly kind: 'show-rewards'; readonly runId: RunId; readonly rolloutId: number }
  | { readonly kind: 'reveal-step'; readonly runId: RunId; readonly step: number }
  | { readonly kind: 'rerun'; readonly uri: string }
  /** Two answers to one task, side by side. */
  | {
      readonly kind: 'compare-answers';
      readonly runId: RunId;
      readonly rolloutBefore: number;
      readonly rolloutAfter: number;
      /** Where the later answer is another run's. */
      readonly runIdAfter?: RunId;
    }
  /** Shows measurements side by side; the others are compared with the first. */
  | { readonly kind: 'compare'; readonly measurements: readonly Measurement[] }
  /** What to come back to when the window reloads; at most 10 KB of JSON. */
  | { readonly kind: 'remember'; readonly memory: unknown };

export type PageMessage =
  | { readonly kind: 'ready'; readonly protocolVersion: number }
  | {
      readonly kind: 'request';
      readonly id: number;
      readonly method: PageRequestName;
      readonly parameters: unknown;
    }
  /** Nobody waits for the answer to the request of this number any more. */
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'action'; readonly action: PageAction }
  /** A violation of the content security policy or an uncaught error; goes to the log. */
  | { readonly kind: 'defect'; readonly message: string };

/** What a page shows, decided outside of it. */
export type PageFocus =
  | { readonly kind: 'dashboard'; readonly runIds: readonly RunId[] }
  | {
      readonly kind: 'rewards';
      readonly runId: RunId;
      readonly rolloutId: number;
      /** Which stage to show; absent for the first. */
      readonly stage?: number;
    }
  | { readonly kind: 'compare'; readonly measurements: readonly Measurement[] }
  | { readonly kind: 'nothing' };

export type HostMessage =
  | {
      readonly kind: 'state';
      readonly protocolVersion: number;
      readonly runs: readonly RunOverview[];
      readonly focus: PageFocus;
      readonly memory?: unknown;
    }
  /** At most ten times a second. */
  | { readonly kind: 'runs'; readonly runs: readonly RunOverview[] }
  | { readonly kind: 'focus'; readonly focus: PageFocus }
  /** Commands of the palette and the keyboard that move the stepper. */
  | { readonly kind: 'move'; readonly move: StepperMove }
  | { readonly kind: 'response'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'refusal'; readonly id: number; readonly problem: Problem };

export const STEPPER_MOVES = [
  'next',
  'previous',
  'first',
  'last',
  'up',
  'down',
  'best',
  'worst',
] as const;
export type StepperMove = (typeof STEPPER_MOVES)[number];
