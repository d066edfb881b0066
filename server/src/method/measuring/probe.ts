/** The frozen held-out set: never trained on, never proposed, measured now and then. */
import type { TaskRecord } from '../../../protocol/records.ts';
import type { RunSettings } from '../../../protocol/settings.ts';
import type { LoopDependencies } from '../context.ts';
import type { Ledger } from '../ledger.ts';
import { measureTasks } from './measureTasks.ts';

/**
 * Asks every held-out task greedily and, where it is due, `probeSamples` times at temperature 1, and notes
 * the rates of {@link measureTasks}. Step 0 stores the tasks.
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
  await measureTasks(
    dependencies,
    ledger,
    tasks,
    {
      samples: due === 'both' ? settings.probeSamples : 0,
      // The model itself, whatever temperature the run samples at.
      temperature: 1,
      // The average is what is kept of such a run. There is none before the first update.
      isAveraged: settings.averageDecay > 0 && ledger.step > 0,
      partSize: Math.max(SMALLEST_PART, Math.ceil(tasks.length / PARTS)),
    },
    signal,
  );
}

/** In so many requests at most, an engine still works on many tasks at once, and one sees how far it is. */
const PARTS = 4;
const SMALLEST_PART = 64;

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
  return ledger.step === 0 ? ledger.addHeldOutTasks(heldOut.tasks) : [...store.heldOutTasks()];
}
