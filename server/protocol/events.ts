/** What a runner tells while it works. Progress is for eyes only; state is what `step` announces as committed. */
import type { MetricRecord } from './records.ts';
import type { Mode, Role } from './vocabulary.ts';

export const PHASES = [
  'seed',
  'propose',
  'validate',
  'estimate',
  'solve',
  'update',
  'probe',
  'checkpoint',
] as const;
export type Phase = (typeof PHASES)[number];

export type RunEvent =
  | {
      readonly kind: 'phase';
      readonly step: number;
      readonly phase: Phase;
      readonly done: number;
      readonly total: number;
    }
  | {
      readonly kind: 'task';
      readonly step: number;
      readonly mode: Mode;
      readonly program: string;
      readonly input: string;
      readonly output: string;
      readonly solveRate?: number;
    }
  | {
      readonly kind: 'step';
      readonly step: number;
      readonly durationMs: number;
      readonly generatedTokens: number;
      readonly trainedTokens: number;
      readonly metrics: readonly MetricRecord[];
    }
  | { readonly kind: 'notice'; readonly message: string }
  | {
      readonly kind: 'finished';
      readonly step: number;
      readonly reason: 'steps' | 'stopped' | 'failed';
      readonly message: string;
    };

export type RunListener = (event: RunEvent) => void;

/** Name of a task-role pair in metrics and baselines, for example `solver.abduction`. */
export function taskRole(role: Role, mode: Mode): string {
  return `${role}.${mode}`;
}
