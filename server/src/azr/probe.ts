/** The frozen held-out set: never trained on, never proposed, measured now and then. */
import { MODES } from '../../protocol/vocabulary.ts';
import type { LoopDependencies } from './context.ts';
import type { Ledger } from './ledger.ts';
import { solveTasks } from './solve.ts';

/** Solves the held-out tasks at the run's temperature and notes the solve rate per mode and their mean. */
export async function recordProbe(
  dependencies: LoopDependencies,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  const { heldOut, settings } = dependencies;
  if (heldOut.tasks.length === 0) {
    return;
  }
  const solved = await solveTasks(
    dependencies,
    ledger,
    heldOut.tasks,
    { samples: settings.probeSamples, rolloutPhase: 'probe', phase: 'probe' },
    signal,
  );
  const rates: number[] = [];
  for (const mode of MODES) {
    const ofMode = solved.filter(({ task }) => task.mode === mode);
    if (ofMode.length > 0) {
      const rate = ofMode.reduce((sum, { solveRate }) => sum + solveRate, 0) / ofMode.length;
      ledger.addMetric(`probe.${mode}`, rate);
      rates.push(rate);
    }
  }
  ledger.addMetric('probe.mean', rates.reduce((sum, rate) => sum + rate, 0) / rates.length);
}
