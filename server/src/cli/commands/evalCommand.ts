import { type EvaluationPlan, HELD_OUT_SUITE, TASKS_SUITE } from '../../../protocol/evaluation.ts';
import { ProblemError } from '../../../protocol/problem.ts';
import path from 'node:path';

import { createEvaluation } from '../../evaluation/evaluate.ts';
import { planEvaluation } from '../../evaluation/planEvaluation.ts';
import { prepareSubject } from '../../evaluation/subjects.ts';
import { SUITES } from '../../suites/suiteTable.ts';
import { engineOpener } from '../../run/openEngine.ts';
import { newRunFolder } from '../../runFolder/newRunFolder.ts';
import { RUNS_FOLDER } from '../../runFolder/runsFolder.ts';
import type { Command, ExitCode } from '../command.ts';
import { EXIT, parseArguments } from '../command.ts';
import { STDOUT } from '../terminal/terminal.ts';
import { destinationNotice, terminalKey } from '../terminal/terminalKey.ts';
import { evaluationText, evaluationView, reportIn } from '../views/evaluationView.ts';
import { OUTPUT_OPTIONS, OUTPUT_OPTIONS_HELP, outputOf, watchRun } from '../views/watchRun.ts';

const OPTIONS = {
  suite: { type: 'string' },
  data: { type: 'string' },
  template: { type: 'string', multiple: true },
  samples: { type: 'string' },
  temperature: { type: 'string' },
  items: { type: 'string' },
  task: { type: 'string', multiple: true },
  tokens: { type: 'string' },
  directory: { type: 'string' },
  show: { type: 'string' },
  ...OUTPUT_OPTIONS,
} as const;

const DEFAULT_SAMPLES = 16;
const DEFAULT_TEMPERATURE = 1;

export const evalCommand: Command = {
  name: 'eval',
  summary: 'Measure models and policies of runs on a suite of tasks, and compare them.',
  help: `azr eval <subject>... [options]
azr eval --show <evaluation>

A subject is a model (azr-nano, a folder, a fetched model), a run (its newest checkpoint) or
<run>@<step>, 0 for the untrained policy. Each is asked every task of the suite greedily and several
times; the others are compared with the first, task by task. Every answer is kept in a folder like a
run's, so that it can be opened and rerun.

  --suite <name>            ${HELD_OUT_SUITE} (default): the held-out tasks of the first subject;
                            ${SUITES.map(({ name }) => name).join(', ')}:
                            benchmarks, fetched on first use, and your own file
  --task <number>           a task of the first subject's run in place of a suite, as often as needed
  --template <name>         chat, base or dialect: how tasks are put to a model; several times to
                            try several, of which each model's best is compared
  --samples <count>         answers to each task beside the greedy one, ${String(DEFAULT_SAMPLES)} by default
  --temperature <number>    of those answers, ${String(DEFAULT_TEMPERATURE)} by default
  --items <count>           only the first tasks of the suite
  --tokens <count>          longest answer
  --data <file>             a local file with the suite's data
  --directory <folder>      the folder to make; default: a new one in ${RUNS_FOLDER}
  --show <evaluation>       print what an evaluation found
${OUTPUT_OPTIONS_HELP}

Ctrl-C stops after the answers under way; "azr resume" goes on from there. Exit code: 0 when it is
done or was stopped, 1 when it failed, 2 for wrong options, 130 after a second Ctrl-C.`,
  run: evaluate,
};

async function evaluate(argumentList: readonly string[]): Promise<ExitCode> {
  const { values, positionals } = parseArguments('eval', argumentList, OPTIONS, true);
  if (values.show !== undefined) return show(values.show, values.json === true);
  const plan = await planEvaluation({
    ...suiteOf(values),
    ...(values.data !== undefined && { dataFile: path.resolve(values.data) }),
    ...(values.items !== undefined && { items: counted('items', values.items, 1) }),
    ...(values.tokens !== undefined && { answerTokens: counted('tokens', values.tokens, 1) }),
    samples: counted('samples', values.samples ?? String(DEFAULT_SAMPLES), 0),
    temperature: temperatureOf(values.temperature),
    subjects: positionals,
    templates: values.template ?? [],
  });
  const { settings } = (await prepareSubject(plan.subjects[0]!)).prepared;
  const folder =
    values.directory === undefined
      ? newRunFolder(RUNS_FOLDER, `eval-${plan.suite}`, new Date())
      : path.resolve(values.directory);
  const key = await terminalKey(settings.engineUrl);
  const output = outputOf(values);
  const textView = evaluationView(STDOUT, folder);
  return watchRun(
    { settings, folder, heldOut: [], output, textView },
    (host) => createEvaluation(plan, folder, { ...host, openEngine: engineOpener(key) }),
    destinationNotice(settings.engineUrl, key),
  );
}

function suiteOf({
  suite,
  task: numbers,
}: {
  readonly suite?: string;
  readonly task?: string[];
}): Pick<EvaluationPlan, 'suite' | 'taskIds'> {
  if (numbers === undefined) return { suite: suite ?? HELD_OUT_SUITE };
  return { suite: TASKS_SUITE, taskIds: numbers.map((number) => counted('task', number, 1)) };
}

function show(folder: string, asJson: boolean): ExitCode {
  const report = reportIn(folder);
  if (asJson) STDOUT.json(report);
  else STDOUT.line(evaluationText(report, folder));
  return EXIT.ok;
}

function counted(option: string, text: string, least: number): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  if (count >= least) return count;
  throw new ProblemError({
    code: 'usage',
    message: `--${option} is ${JSON.stringify(text)}, which is not a count from ${String(least)} on.`,
    remedy: `For example: --${option} 16`,
  });
}

function temperatureOf(text: string | undefined): number {
  const temperature = text === undefined ? DEFAULT_TEMPERATURE : Number(text);
  if (temperature > 0 && temperature <= 5) return temperature;
  throw new ProblemError({
    code: 'usage',
    message: `--temperature is ${JSON.stringify(text)}, which is not a number above 0 and up to 5.`,
    remedy: 'For example: --temperature 0.8',
  });
}
