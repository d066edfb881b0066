/** Writes docs/learning.md and its curves from the recorded results: every number in it was measured. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { ARMS } from './arms.ts';
import { curveChart } from './curveChart.ts';
import type { CurvePoint } from './experiment.ts';
import { largerModelsText } from './largerModelsReport.ts';
import { changeText, intervalText, natsText, percent, pText, table } from './reportText.ts';
import type { RecordedResult, RecordedShortRun } from './results.ts';

/** The table that the page begins with; results of other names are candidates of the recipe. */
const HEADLINE = 'headline';
const STRATA = ['taught', 'untaught', 'two combined', 'three combined'];
const COLOURS = ['#1f77b4', '#d95f02', '#2ca02c', '#7570b3'];

export interface ReportContent {
  readonly results: readonly RecordedResult[];
  readonly shortRuns: readonly RecordedShortRun[];
}

export async function writeReport(
  folder: string,
  { results, shortRuns }: ReportContent,
): Promise<void> {
  const own = results.filter(({ model }) => model === undefined);
  const larger = results.filter(({ model }) => model !== undefined);
  const main = own.filter(({ table }) => table === HEADLINE);
  const first = main.find(({ arm }) => arm === 'studio');
  if (first !== undefined) await writeFile(path.join(folder, 'learning.svg'), chartOf(first.curve));
  const candidates = own.filter(({ table }) => table !== HEADLINE);
  await writeFile(
    path.join(folder, 'learning.md'),
    textOf({ main, candidates, larger, shortRuns }),
  );
}

function chartOf(curve: readonly CurvePoint[]): string {
  const series = STRATA.map((stratum, index) => ({
    label: stratum,
    colour: COLOURS[index]!,
    width: stratum === 'untaught' ? 3 : 1.5,
    points: curve.flatMap(({ seconds, rates }) => {
      const rate = rates[`greedy.stratum.${stratum}`];
      return rate === undefined ? [] : [[seconds / 60, rate] as const];
    }),
  }));
  return curveChart('Held-out tasks answered right, greedily', 'minutes', series);
}

/** What each part of the page is made of. */
interface Parts {
  readonly main: readonly RecordedResult[];
  readonly candidates: readonly RecordedResult[];
  readonly larger: readonly RecordedResult[];
  readonly shortRuns: readonly RecordedShortRun[];
}

function textOf({ main, candidates, larger, shortRuns }: Parts): string {
  return [
    '# Does it learn?',
    '',
    'What `azr-nano` was never told, it learns from the interpreter’s answers about its own programs, within minutes: greedy answers about untaught operators rise in every run, and so does pass@8. Of what it was taught it forgets a part meanwhile, so that the greedy rate over all tasks rose for one of two seeds. Rewards alone have taught it nothing new in any run so far: they make it surer, not better.',
    '',
    'Written by `npm run learn -- --report` from `bench/learn/experiments.jsonl` and `shortRuns.jsonl`. The embedded model trains by self-play alone, on a machine without a GPU. It can write every operator of its world, and was never told what thirteen of them do: those are called untaught here. The held-out tasks are 1,440 frozen ones, 120 for each of three modes and four strata; their programs occur neither in its corpus nor in its self-play. [measuring.md](measuring.md) says how they are judged, [the card of the model](../server/models/azr-nano/README.md) what it was taught.',
    '',
    '![Held-out tasks answered right over a run](learning.svg)',
    '',
    ...armRows(main),
    '',
    'Greedy: the most probable answer to each task. pass@k: right at least once in k answers at temperature 1, k as in the row. During the run of seed 1 the machine did other work and stood still for six minutes, so its minutes, and its programs a minute, are no measure of speed. The interval is a 99 % bootstrap interval of the gain over tasks; p is McNemar’s exact p of tasks gained against tasks lost.',
    '',
    '## By stratum',
    '',
    'Greedy rates before and after, over the three modes.',
    '',
    table(
      ['arm', 'seed', ...STRATA],
      main.map((result) => [
        result.arm,
        String(result.seed),
        ...STRATA.map((stratum) => partText(result, stratum)),
      ]),
    ),
    '',
    '## What was proposed',
    '',
    table(
      [
        'arm',
        'seed',
        'distinct programs a minute',
        'templates',
        'valid',
        'unique',
        'constructs a task',
        'starting model solves',
      ],
      main.map((result) => [
        result.arm,
        String(result.seed),
        (result.distinctPrograms / result.minutes).toFixed(0),
        String(result.templates),
        courseText(result, 'proposer.valid'),
        courseText(result, 'proposer.unique'),
        courseText(result, 'curriculum.constructs', (value) => value.toFixed(2)),
        startText(result),
      ]),
    ),
    '',
    'Two figures in a cell are the first and the last tenth of the steps. The last column is how often the model as it was at the start solves the tasks of the first and of the last step that measured it: falling means that the tasks grow harder.',
    '',
    '## The test that learning works',
    '',
    '`npm test` makes the run `studio` with seed 1: 24 steps, a third of the held-out tasks. It asks that the log-probability of the right output rises by 7 nats on average over the deduction tasks of untaught operators, and their greedy rate, over all modes, by 4 points. Without the interpreter’s answers no run comes near, whatever is done with its rewards.',
    '',
    table(
      [
        'arm',
        'seed',
        'log p of right outputs, untaught',
        'taught',
        'greedy, untaught',
        'greedy, all',
      ],
      shortRuns.map((run) => [
        run.arm,
        String(run.seed),
        natsText(run.goldUntaught),
        natsText(run.goldTaught),
        changeText(run.greedyUntaught),
        changeText(run.greedy),
      ]),
    ),
    '',
    ...largerModelsText(larger),
    '## Not shown yet',
    '',
    'Three seeds of the whole recipe and of each control at the same budget; runs of a thousand steps; how self-play compares with supervised training on as many tasks of the generator. The commands are there (`npm run learn -- --arm NAME`, see `bench/learn/arms.ts`), the runs are not made. Forgetting is the next thing to mend: rehearsal and a falling learning rate, which the preset has, do not end it.',
    '',
    ...(candidates.length === 0
      ? []
      : [
          '## What was tried',
          '',
          'Each row is one run with the settings named, judged on a quarter of a second set of held-out tasks (`tuning`) that the tables above do not use. The first three were made before documents whose answer is known were rehearsed.',
          '',
          ...candidateRows(candidates),
          '',
        ]),
  ].join('\n');
}

function armRows(results: readonly RecordedResult[]): string[] {
  const rows = ARMS.flatMap(({ name, question }) =>
    results.filter(({ arm }) => arm === name).map((result) => row(result, question)),
  );
  const columns = ['arm', 'what it asks', 'seed', 'steps', 'minutes'];
  return [table([...columns, 'greedy, before → after', 'gain, 99 %', 'p', 'pass@k'], rows)];
}

function row(result: RecordedResult, question: string): string[] {
  const { greedy, sampled } = result.report;
  return [
    ...[`\`${result.arm}\``, question, String(result.seed), String(result.steps)],
    result.minutes.toFixed(1),
    greedy === undefined ? '' : changeText(greedy),
    greedy === undefined ? '' : intervalText(greedy),
    greedy === undefined ? '' : pText(greedy.pValue),
    sampled === undefined ? '' : `${changeText(sampled.passK)} (k = ${String(sampled.samples)})`,
  ];
}

function candidateRows(results: readonly RecordedResult[]): string[] {
  return [
    table(
      ['settings', 'arm', 'seed', 'steps', 'minutes', 'greedy', 'untaught', 'taught', 'pass@k'],
      results.map((result) => [
        result.settings.map((setting) => `\`${setting}\``).join(', '),
        ...[result.arm, String(result.seed), String(result.steps), result.minutes.toFixed(1)],
        result.report.greedy === undefined ? '' : changeText(result.report.greedy),
        partText(result, 'untaught'),
        partText(result, 'taught'),
        result.report.sampled === undefined ? '' : changeText(result.report.sampled.passK),
      ]),
    ),
  ];
}

function partText({ report }: RecordedResult, stratum: string): string {
  const found = report.parts.find(({ part }) => 'stratum' in part && part.stratum === stratum);
  return found === undefined ? '' : changeText(found.greedy);
}

function courseText(
  { course }: RecordedResult,
  name: string,
  write: (value: number) => string = percent,
): string {
  const values = course[name];
  return values === undefined ? '' : values.map(write).join(' → ');
}

function startText({ curve }: RecordedResult): string {
  const rates = curve.flatMap(({ rates: of }) => of['startSolveRate'] ?? []);
  return rates.length < 2 ? '' : `${percent(rates[0]!)} → ${percent(rates.at(-1)!)}`;
}
