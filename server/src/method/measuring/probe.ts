/** The frozen held-out set: never trained on, never proposed, measured now and then. */
import type { TaskRecord } from '../../../protocol/records.ts';
import type { RunSettings } from '../../../protocol/settings.ts';
import { probeMetrics } from '../../evaluation/probeMetrics.ts';
import type { LoopDependencies } from '../context.ts';
import type { Ledger } from '../ledger.ts';
import type { Sampling } from '../rollouts.ts';
import { solveTasks, type SolvedTask } from '../solve.ts';

/** How held-out tasks are asked, by the phase of their answers. */
const SAMPLING: Readonly<Record<'greedy' | 'probe', Sampling>> = {
  // The likeliest token each time: there is no chance in it, so tasks can be compared one by one.
  greedy: { temperature: 0 },
  // The model itself, whatever temperature the run samples at.
  probe: { temperature: 1 },
};

/**
 * Asks every held-out task greedily and, where it is due, `probeSamples` times at temperature 1, and notes
 * the rates of {@link probeMetrics}. Step 0 stores the tasks.
 */
export async function recordProbe(
  dependencies: LoopDependencies,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  const { heldOut, settings } = dependencies;
  const due = probeDue(settings, ledger.step);
  if (due === 'nothing' || heldOut.tasks.length === 0) return;
  const tasks = heldOutTasks(dependencies, ledger);
  // The average is what is kept of such a run. There is none before the first update.
  const isAveraged = settings.averageDecay > 0 && ledger.step > 0;
  const total = tasks.length * (due === 'both' ? 1 + settings.probeSamples : 1);
  let done = 0;
  const ask = async (rolloutPhase: 'greedy' | 'probe', samples: number) => {
    const sampling: Sampling = {
      ...SAMPLING[rolloutPhase],
      ...(isAveraged && { weights: 'average' }),
    };
    const solved: SolvedTask<TaskRecord>[] = [];
    for (const [index, some] of inParts(tasks).entries()) {
      const round = index === 0 ? rolloutPhase : `${rolloutPhase} ${String(index)}`;
      const request = { samples, rolloutPhase, phase: 'probe', sampling, round } as const;
      const part = { done, total };
      solved.push(...(await solveTasks(dependencies, ledger, some, { ...request, part }, signal)));
      done += some.length * samples;
    }
    return solved;
  };
  const greedy = await ask('greedy', 1);
  const sampled = due === 'both' ? await ask('probe', settings.probeSamples) : [];
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

/** In so many requests at most, an engine still works on many tasks at once, and one sees how far it is. */
const PARTS = 4;
const SMALLEST_PART = 64;

function inParts<Item>(items: readonly Item[]): Item[][] {
  const size = Math.max(SMALLEST_PART, Math.ceil(items.length / PARTS));
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

/**
 * What is asked after `step`; the first and the last step are always measured in full. After a quarter of
 * the usual steps there is a measurement more, so that a new run soon has a curve.
 */
export function probeDue(
  {
    steps,
    probeEverySteps,
    probeSampleEverySteps,
  }: Pick<RunSettings, 'steps' | 'probeEverySteps' | 'probeSampleEverySteps'>,
  step: number,
): 'nothing' | 'greedy' | 'both' {
  if (step === 0 || step === steps || step % probeSampleEverySteps === 0) return 'both';
  const isEarly = step === Math.floor(probeEverySteps / 4);
  return isEarly || step % probeEverySteps === 0 ? 'greedy' : 'nothing';
}

function heldOutTasks({ heldOut, store }: LoopDependencies, ledger: Ledger): TaskRecord[] {
  return ledger.step === 0
    ? heldOut.tasks.map((task) =>
        ledger.addTask({ ...task, origin: 'held-out', parentTaskIds: [] }),
      )
    : [...store.heldOutTasks()];
}

function counted({ rollouts }: SolvedTask<TaskRecord>): { correct: number; samples: number } {
  const correct = rollouts.filter(({ verdict }) => verdict === 'correct').length;
  return { correct, samples: rollouts.length };
}
