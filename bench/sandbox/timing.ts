/** Runs tasks a few at a time and says how long they took. */
import { cpuMsSoFar } from './processCosts.ts';

export interface Timing {
  readonly seconds: number;
  readonly tasks: number;
  readonly cpuMs: number;
  /** Milliseconds of each task, in ascending order. */
  readonly latenciesMs: readonly number[];
}

export type Task = () => Promise<unknown>;

/** Runs `tasks` with `concurrency` at a time. */
export async function timeTasks(tasks: readonly Task[], concurrency: number): Promise<Timing> {
  const latenciesMs: number[] = [];
  const waiting = tasks.values();
  const cpuBefore = cpuMsSoFar();
  const started = performance.now();
  const work = async (): Promise<void> => {
    for (const task of waiting) {
      const before = performance.now();
      await task();
      latenciesMs.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  const seconds = (performance.now() - started) / 1000;
  const cpuMs = cpuMsSoFar() - cpuBefore;
  return { seconds, tasks: tasks.length, cpuMs, latenciesMs: ascending(latenciesMs) };
}

/** Several timings of the same kind of task as one. */
export function together(timings: readonly Timing[]): Timing {
  return {
    seconds: timings.reduce((sum, { seconds }) => sum + seconds, 0),
    tasks: timings.reduce((sum, { tasks }) => sum + tasks, 0),
    cpuMs: timings.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    latenciesMs: ascending(timings.flatMap(({ latenciesMs }) => latenciesMs)),
  };
}

/** The value that `share` of the ascending `values` do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  return values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? NaN;
}

export function ascending(values: readonly number[]): number[] {
  return values.toSorted((left, right) => left - right);
}
