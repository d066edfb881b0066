/**
 * Does the curriculum grow? How large the new tasks are, and how hard the model that the run began with
 * finds them: a rate that falls means harder tasks, one that stays level means other ones.
 */
import { combinedConstructs } from '../../../protocol/constructs.ts';
import type { RunSettings } from '../../../protocol/settings.ts';
import type { LoopDependencies } from '../context.ts';
import { mean } from '../../statistics/cells.ts';
import type { Ledger, TaskDraft } from '../ledger.ts';
import { RandomStream } from '../randomStream.ts';
import { solveTasks, type SolvedTask } from '../solve.ts';

/**
 * Notes the mean size of the step's tasks and, where it is due, how often the starting model solves a
 * sample of them: as many answers a task as measured its solve rate, at the same temperature, so that
 * `curriculum.startSolveRate` and `curriculum.solveRate` compare the two models on the same tasks. Each is
 * the mean over the modes of the mean over the mode's tasks. The answers are rows of the phase
 * `curriculum`, and are never trained on.
 */
export async function recordCurriculum(
  dependencies: LoopDependencies,
  ledger: Ledger,
  estimated: readonly SolvedTask<TaskDraft>[],
  signal: AbortSignal,
): Promise<void> {
  const { settings } = dependencies;
  const tasks = estimated.map(({ task }) => task);
  ledger.addMetric(
    'curriculum.constructs',
    mean(tasks.map(({ constructs }) => combinedConstructs(constructs))),
  );
  ledger.addMetric('curriculum.syntaxNodes', mean(tasks.map(({ syntaxNodes }) => syntaxNodes)));
  if (!curriculumDue(settings, ledger.step)) return;
  const sample = settings.modes.flatMap((mode) =>
    new RandomStream(settings.seed, 'curriculum', ledger.step, mode).sample(
      tasks.filter((task) => task.mode === mode),
      settings.curriculumTasksPerMode,
    ),
  );
  const solved = await solveTasks(
    dependencies,
    ledger,
    sample,
    {
      samples: settings.estimationRollouts,
      rolloutPhase: 'curriculum',
      phase: 'probe',
      round: 'curriculum',
      sampling: { temperature: settings.temperature, weights: 'start' },
    },
    signal,
  );
  recordRates(ledger, settings, solved);
}

/** The first step is the starting model's own: what later ones are compared with. */
export function curriculumDue(
  { curriculumEverySteps: every, steps }: Pick<RunSettings, 'curriculumEverySteps' | 'steps'>,
  step: number,
): boolean {
  return every > 0 && (step === 1 || step % every === 0 || step === steps);
}

function recordRates(
  ledger: Ledger,
  { modes }: RunSettings,
  solved: readonly SolvedTask<TaskDraft>[],
): void {
  const rates = modes.flatMap((mode) => {
    const ofMode = solved.filter(({ task }) => task.mode === mode);
    if (ofMode.length === 0) return [];
    const start = mean(ofMode.map(({ solveRate }) => solveRate));
    const policy = mean(ofMode.map(({ task }) => task.solveRate ?? 0));
    ledger.addMetric(`curriculum.startSolveRate.${mode}`, start);
    ledger.addMetric(`curriculum.solveRate.${mode}`, policy);
    return [{ start, policy }];
  });
  ledger.addMetric('curriculum.startSolveRate', mean(rates.map(({ start }) => start)));
  ledger.addMetric('curriculum.solveRate', mean(rates.map(({ policy }) => policy)));
}
