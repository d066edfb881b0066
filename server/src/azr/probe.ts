/** The frozen held-out set: never trained on, never proposed, measured now and then. */
import type { HeldOutTask } from '../../protocol/heldOut.ts';
import type { Proposal } from '../../protocol/sandbox.ts';
import { MODES } from '../../protocol/vocabulary.ts';
import { LoopError, type LoopDependencies } from './context.ts';
import type { Ledger } from './ledger.ts';
import { solveTasks } from './solve.ts';

/**
 * Structure digests of the held-out programs, by which proposals of them are refused. Executes
 * every held-out task on the way, so that a wrong gold value is found before it is believed.
 */
export async function inspectHeldOut(
  { grader, heldOut }: LoopDependencies,
  signal: AbortSignal,
): Promise<Set<string>> {
  const structures = new Set<string>();
  await Promise.all(
    heldOut.map(async (task, index) => {
      const validation = await grader.validate(proposalOf(task), signal);
      const right =
        validation.valid &&
        validation.examples.length === task.examples.length &&
        task.examples.every(({ output }, place) => {
          const executed = validation.examples[place]?.output ?? '';
          return grader.verifyDeduction({ output: executed }, output).verdict === 'correct';
        });
      if (!right) {
        const why = validation.valid ? 'execution gives another output' : validation.message;
        throw new LoopError(
          'held-out-wrong',
          `Line ${String(index + 1)} of the held-out file is not a valid task: ${why}`,
          'Correct or remove the line, or set "probe" to "none".',
        );
      }
      structures.add(validation.structure);
    }),
  );
  return structures;
}

function proposalOf(task: HeldOutTask): Proposal {
  const { mode, program, examples, message } = task;
  return mode === 'induction'
    ? { mode, program, inputs: examples.map(({ input }) => input), message: message ?? '' }
    : { mode, program, input: examples[0]?.input ?? '' };
}

/** Solves the held-out tasks at the run's temperature and notes the solve rate per mode and their mean. */
export async function recordProbe(
  dependencies: LoopDependencies,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  const { heldOut, settings } = dependencies;
  if (heldOut.length === 0) {
    return;
  }
  const solved = await solveTasks(
    dependencies,
    ledger,
    heldOut,
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
