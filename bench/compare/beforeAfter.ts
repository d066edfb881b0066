/**
 * `npm run before-after`: the embedded model before and after a run of its own, on the held-out tasks and on a generated
 * suite apart from them. Writes the table of README.md.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { openRunEvaluator } from '../../server/src/evaluation/runEvaluator.ts';
import { createRun } from '../../server/src/run/run.ts';
import { generatedPrograms } from '../../server/src/run/given/generateTasks.ts';
import { openEngine } from '../../server/src/run/openEngine.ts';
import { prepareNewRun } from '../../server/src/run/prepareRun.ts';
import { RunSteering } from '../../server/src/run/runSteering.ts';
import { evaluationReport } from '../../server/src/runs/evaluationReport.ts';
import { learningReport } from '../../server/src/runs/learningReport.ts';
import { completeSettings } from '../../server/src/settings/settings.ts';
import { RunReader } from '../../server/src/store/runReader.ts';
import { changeText, intervalText, pText, table } from '../learn/reportText.ts';
import { writeMarkedPart } from './markedPart.ts';

const README = path.join(import.meta.dirname, '../../README.md');
const RUN = {
  model: 'azr-nano',
  steps: 40,
  seed: 1,
  probeSamples: 8,
  probeSampleEverySteps: 1000,
};
/** 300 programs of every operator, drawn with a seed of their own; each is asked for its output and for its input. */
const SUITE = { seed: 90_001, steps: 30, proposalsPerMode: 10 };

const folder = await mkdtemp(path.join(tmpdir(), 'azr-before-after-'));
try {
  const items = path.join(folder, 'generated.jsonl');
  await writeFile(items, await generatedItems());
  const run = path.join(folder, 'run');
  const evaluated = { evaluate: [items], evaluateEverySteps: RUN.steps };
  await createRun(await prepareNewRun([RUN, evaluated], 'the comparison'), run, {
    openEngine,
    openEvaluator: openRunEvaluator,
    listener: (event) => {
      if (event.kind === 'step') process.stderr.write(`step ${String(event.step)}\n`);
    },
    steering: new RunSteering(),
  });
  await writeTable(rowsOf(run));
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function generatedItems(): Promise<string> {
  const settings = completeSettings([SUITE], 'the generated suite');
  const tasks = await generatedPrograms(settings, new AbortController().signal);
  return tasks
    .filter(({ mode }) => mode === 'deduction')
    .map(({ program, examples: [example] }) => JSON.stringify({ program, ...example }))
    .join('\n');
}

function rowsOf(run: string): string[][] {
  const learned = reading(run, learningReport);
  const evaluated = reading(`${run}-eval-file`, evaluationReport)!;
  const greedy = learned.greedy!;
  const passK = learned.sampled!.passK;
  const [change] = evaluated.changes;
  const k = String(learned.sampled!.samples);
  return [
    ['held-out, greedy', String(learned.tasks), ...cells(greedy), pText(greedy.pValue)],
    [`held-out, pass@${k}`, String(learned.tasks), ...cells(passK), ''],
    [
      ...['generated suite, greedy', String(evaluated.tasks)],
      ...[...cells(change!.greedy), pText(change!.greedy.pValue)],
    ],
  ];
}

function cells(change: Parameters<typeof intervalText>[0]): string[] {
  return [changeText(change), intervalText(change)];
}

function reading<Value>(run: string, use: (reader: RunReader) => Value): Value {
  const reader = RunReader.open(path.join(run, 'run.db'));
  try {
    return use(reader);
  } finally {
    reader.close();
  }
}

async function writeTable(rows: string[][]): Promise<void> {
  const header = [`azr-nano, ${RUN.steps} steps`, 'tasks', 'before → after', 'gain, 99 %', 'p'];
  const text = table(header, rows);
  await writeMarkedPart(README, 'npm run before-after', text);
  process.stdout.write(`${text}\n`);
}
