/** Frozen tasks asked of a model: greedily, so that they can be compared one by one, and several times. */
import type { TaskRecord } from '../../../protocol/records.ts';
import { probeMetrics } from '../../statistics/probeMetrics.ts';
import type { AskingDependencies } from '../context.ts';
import type { Ledger } from '../ledger.ts';
import type { Sampling } from '../rollouts.ts';
import { solveTasks, type SolvedTask } from '../solve.ts';

/** How {@link measureTasks} asks. */
export interface Measurement {
  /** Answers to each task at `temperature`, beside the greedy one. */
  readonly samples: number;
  readonly temperature: number;
  /** Whether the moving average of the weights answers. */
  readonly isAveraged: boolean;
  /** Tasks of one request: an engine works on them at once, and between requests one sees how far it is. */
  readonly partSize: number;
}

/**
 * Asks every task greedily, the likeliest token each time, so that tasks can be compared one by one, and
 * then `samples` times; notes the rates of {@link probeMetrics}.
 */
export async function measureTasks(
  dependencies: AskingDependencies,
  ledger: Ledger,
  tasks: readonly TaskRecord[],
  { samples, temperature, isAveraged, partSize }: Measurement,
  signal: AbortSignal,
): Promise<void> {
  const total = tasks.length * (1 + samples);
  let done = 0;
  const ask = async (rolloutPhase: 'greedy' | 'probe', count: number, atTemperature: number) => {
    const sampling: Sampling = {
      temperature: atTemperature,
      ...(isAveraged && { weights: 'average' }),
    };
    const solved: SolvedTask<TaskRecord>[] = [];
    for (let start = 0; start < tasks.length; start += partSize) {
      const some = tasks.slice(start, start + partSize);
      const round = start === 0 ? rolloutPhase : `${rolloutPhase} ${String(start / partSize)}`;
      const request = { samples: count, rolloutPhase, phase: 'probe', sampling, round } as const;
      const part = { done, total };
      solved.push(...(await solveTasks(dependencies, ledger, some, { ...request, part }, signal)));
      done += some.length * count;
    }
    return solved;
  };
  const greedy = await ask('greedy', 1, 0);
  const sampled = samples > 0 ? await ask('probe', samples, temperature) : [];
  const metrics = probeMetrics(
    greedy.map(({ task, solveRate }, index) => ({
      mode: task.mode,
      ...(task.stratum !== undefined && { stratum: task.stratum }),
      greedy: solveRate === 1,
      ...(sampled[index] !== undefined && { sampled: counted(sampled[index]) }),
    })),
  );
  for (const [name, value] of metrics) ledger.addMetric(name, value);
}

function counted({ rollouts }: SolvedTask<TaskRecord>): { correct: number; samples: number } {
  const correct = rollouts.filter(({ verdict }) => verdict === 'correct').length;
  return { correct, samples: rollouts.length };
}
