/** The tasks of a suite, ready to be asked, and how they are asked. */
import {
  DIALECT_TEMPLATE,
  type EvaluationPlan,
  HELD_OUT_SUITE,
  TASKS_SUITE,
} from '../../protocol/evaluation.ts';
import type { RunListener } from '../../protocol/events.ts';
import type { HeldOutTask, InspectedTask } from '../../protocol/heldOut.ts';
import { ProblemError } from '../../protocol/problem.ts';
import type { TaskRecord } from '../../protocol/records.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import type { Asking } from '../method/asking.ts';
import { heldOutSet } from '../run/heldOutSet.ts';
import { inspectTask } from '../run/inspectTask.ts';
import type { NamedPolicy } from '../run/namedPolicy.ts';
import type { OpenGrader } from '../run/openGrader.ts';
import type { PreparedRun } from '../run/prepareRun.ts';
import { runAsking } from '../run/runAsking.ts';
import { SUITE_LIMITS, SUITE_RULES } from '../suites/suiteRules.ts';
import { suitesCache } from '../suites/suiteOverviews.ts';
import { suiteNamed } from '../suites/suiteTable.ts';
import { RunReader } from '../store/runReader.ts';

/** Suites whose tasks are those of runs and models: they are asked in the model's own dialect. */
const OWN_SUITES: readonly string[] = [HELD_OUT_SUITE, TASKS_SUITE];
/** Tasks of one request: few, so that a slow model shows how far it is and loses little when it is cut off. */
export const PART_TASKS = 32;
/** Items that cannot be asked, of which a notice tells the reason. */
const ITEMS_NAMED = 3;
/** Long enough for a thought and an answer of a small model. */
const ANSWER_TOKENS = 512;

/** The plan's tasks, executed and found right. Rejects with a ProblemError where there are none. */
export async function suiteTasks(
  plan: EvaluationPlan,
  first: NamedPolicy,
  grader: OpenGrader,
  listener: RunListener,
  signal: AbortSignal,
): Promise<readonly InspectedTask[]> {
  if (!OWN_SUITES.includes(plan.suite)) return benchmarkTasks(plan, grader, listener, signal);
  const wanted =
    plan.suite === TASKS_SUITE
      ? namedTasks(plan, first)
      : first.prepared.heldOut.slice(0, plan.items);
  if (wanted.length > 0) return (await heldOutSet(grader, wanted, signal)).tasks;
  throw new ProblemError({
    code: 'no-tasks',
    message: 'The first subject has no held-out tasks.',
    remedy:
      'Name a run that has some, a model that came with some such as azr-nano, or another suite.',
  });
}

/** The items of a benchmark; those that cannot be asked here are counted in a notice. */
export async function benchmarkTasks(
  { suite, dataFile, items }: EvaluationPlan,
  { sandbox }: OpenGrader,
  listener: RunListener,
  signal: AbortSignal,
): Promise<InspectedTask[]> {
  const loaded = await suiteNamed(suite).load({
    sandbox,
    cacheFolder: suitesCache(),
    ...(dataFile !== undefined && { dataFile }),
    signal,
    onProgress: ({ phase, done, total = 0 }) => {
      // Bytes that are fetched are told of by the notice before.
      if (phase === 'prepare') listener({ kind: 'phase', step: 0, phase: 'validate', done, total });
    },
  });
  const { leftOut } = loaded;
  if (leftOut.length > 0) {
    const named = leftOut.slice(0, ITEMS_NAMED).map(({ id, reason }) => `${id}: ${reason}`);
    const message = `${String(leftOut.length)} items of ${suite} cannot be asked here. ${named.join(' ')}`;
    listener({ kind: 'notice', message });
  }
  const asked = loaded.items.slice(0, items);
  return Promise.all(asked.map(({ task }) => inspectTask(task, sandbox, signal)));
}

/** The tasks that the plan names. Throws ProblemError `no-tasks` where the run does not have one of them. */
function namedTasks({ taskIds = [] }: EvaluationPlan, { run }: NamedPolicy): HeldOutTask[] {
  if (run === undefined) {
    throw new ProblemError({
      code: 'no-tasks',
      message: 'The first subject is a model, which has no tasks to name.',
      remedy: 'Name the run that has them first.',
    });
  }
  const reader = RunReader.open(run.database);
  try {
    return taskIds.map((id) => {
      const task = reader.task(id);
      if (task !== undefined) return heldOutFrom(task);
      throw new ProblemError({
        code: 'no-tasks',
        message: `The run in ${run.folder} has no task ${String(id)}.`,
        remedy: 'The number of a task stands in its document and in the name of its tab.',
      });
    });
  } finally {
    reader.close();
  }
}

function heldOutFrom({
  mode,
  program,
  examples,
  visible,
  message,
  stratum,
  itemId,
  tolerance,
}: TaskRecord): HeldOutTask {
  return {
    ...{ mode, program, examples, visible },
    ...(message !== undefined && { message }),
    ...(stratum !== undefined && { stratum }),
    ...(itemId !== undefined && { itemId }),
    ...(tolerance !== undefined && { tolerance }),
  };
}

/** What a suite needs other than a run does. Throws ProblemError `unknown-suite`. */
export function suiteSettings(suite: string): Partial<RunSettings> {
  if (OWN_SUITES.includes(suite)) return {};
  suiteNamed(suite);
  const { allowedImports, bannedWords, programCharacters, singleFunction } = SUITE_RULES;
  const { cpuMs, wallMs, memoryMb, outputCharacters } = SUITE_LIMITS;
  return {
    ...{ allowedImports, bannedWords, programCharacters, singleFunction },
    ...{ cpuMs, wallMs, memoryMb, outputCharacters },
    maximumAnswerTokens: ANSWER_TOKENS,
  };
}

/** The template that fits a model where none is named. */
export function usualTemplate(
  suite: string,
  { dialect, model }: Pick<PreparedRun, 'dialect' | 'model'>,
): string {
  // The embedded model reads programs and nothing else.
  if (OWN_SUITES.includes(suite) || dialect.name === 'compact') return DIALECT_TEMPLATE;
  return model.hasChatTemplate ? 'chat' : 'base';
}

/** How `template` of `suite` asks. Throws ProblemError `unknown-suite` or `unknown-template`. */
export function askingOf(
  suite: string,
  template: string,
  prepared: Pick<PreparedRun, 'dialect' | 'model'>,
): Asking {
  if (template === DIALECT_TEMPLATE) return runAsking(prepared);
  const templates = OWN_SUITES.includes(suite) ? [] : suiteNamed(suite).templates;
  const found = templates.find(({ name }) => name === template);
  if (found !== undefined) {
    return {
      prompt: (task) => found.ask(task),
      readAnswer: (task, completion) => found.readAnswer(task, completion),
    };
  }
  const names = [DIALECT_TEMPLATE, ...templates.map(({ name }) => name)];
  throw new ProblemError({
    code: 'unknown-template',
    message: `The suite ${suite} has no template "${template}".`,
    remedy: `Use one of these: ${names.join(', ')}.`,
  });
}
