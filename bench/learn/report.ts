/** Writes docs/learning.md and its curves from the recorded trials: every number in it was measured. */
import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import path from 'node:path';

import { ablationsOf, isAblation } from './ablations.ts';
import { curveChart } from './curveChart.ts';
import { SHORT_RUN_STEPS } from './shortRun.ts';
import type { CurvePoint, TrialResult } from './trial.ts';
import type { RecordedShortRun } from './trialLog.ts';

const COLOURS = {
  mean: '#111111',
  deduction: '#1f77b4',
  abduction: '#d95f02',
  induction: '#2ca02c',
};

export interface ReportContent {
  /** The run that `npm run learn` makes. */
  readonly headline: TrialResult;
  /** Both presets on the same budget of generated tokens, if they were run. */
  readonly presets?: { readonly studio: TrialResult; readonly paper: TrialResult };
  readonly trials: readonly TrialResult[];
  /** The runs that the pass mark of the tests was set from. */
  readonly shortRuns: readonly RecordedShortRun[];
}

/** "2 × AMD EPYC, 24 GB": what the figures were measured on. */
function machineText(): string {
  const processors = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${String(processors.length)} × ${processors[0]?.model.trim() ?? 'unknown processor'}, ${String(memory)} GiB, no GPU, ${process.platform}`;
}

export async function writeReport(folder: string, content: ReportContent): Promise<void> {
  const { headline, presets } = content;
  await writeFile(path.join(folder, 'learning.svg'), headlineChart(headline));
  if (presets) {
    await writeFile(path.join(folder, 'presets.svg'), presetChart(presets));
  }
  await writeFile(path.join(folder, 'learning.md'), reportText(content));
}

function headlineChart({ curve }: TrialResult): string {
  const series = (['mean', 'deduction', 'abduction', 'induction'] as const).map((name) => ({
    label: name,
    colour: COLOURS[name],
    width: name === 'mean' ? 3 : 1.5,
    points: curve.map((point) => [point.seconds / 60, point[name]] as const),
  }));
  return curveChart('Held-out solve rate, sampled at temperature 1', 'minutes', series);
}

function presetChart({ studio, paper }: { studio: TrialResult; paper: TrialResult }): string {
  const points = (result: TrialResult) =>
    result.curve.map((point) => [point.generatedTokens / 1000, point.mean] as const);
  return curveChart('Held-out solve rate by preset', 'thousand generated tokens', [
    { label: 'studio', colour: COLOURS.deduction, width: 2.5, points: points(studio) },
    { label: 'paper', colour: COLOURS.abduction, width: 2.5, points: points(paper) },
  ]);
}

function reportText(content: ReportContent): string {
  const { headline, presets, trials, shortRuns } = content;
  const first = headline.curve[0]!;
  const last = headline.curve.at(-1)!;
  return [
    '# Does it learn?',
    '',
    'Written by `npm run learn`, which runs what this page reports. The embedded model `azr-nano` trains by self-play alone; the held-out tasks are 360 frozen ones whose programs occur neither in its pretraining corpus nor, since the loop refuses them, in its self-play. Answers are sampled at temperature 1, once per task.',
    '',
    '![Held-out solve rates over the run](learning.svg)',
    '',
    `One seeded run: seed ${String(headline.seed)}, ${String(headline.steps)} steps of ${headline.secondsPerStep.toFixed(1)} s, ${(last.seconds / 60).toFixed(1)} minutes in all, on ${machineText()}.`,
    '',
    table(
      ['', 'deduction', 'abduction', 'induction', 'mean'],
      [
        ['before', ...ratesOf(first)],
        ['after', ...ratesOf(last)],
        [
          'gain, points',
          ...(['deduction', 'abduction', 'induction', 'mean'] as const).map((name) =>
            points(last[name] - first[name]),
          ),
        ],
      ],
    ),
    '',
    `Proposals in the last ten steps: ${percent(headline.valid)} valid, ${percent(headline.unique)} of the valid ones new to the run. One rate has a standard error of about 2.5 points (360 answers), a gain of about 3.5.`,
    '',
    ...greedySection(headline),
    ...presetSection(presets),
    ...shortRunSection(shortRuns),
    '## What was tried',
    '',
    'Each row is one run with the `studio` preset and the changes named. "gain" is the held-out mean after, minus before, in points; the last column is the mean of the last three probes minus the first, which is less noisy.',
    '',
    table(
      [
        'changes',
        'seed',
        'steps',
        'minutes',
        'before',
        'after',
        'gain',
        'valid',
        'unique',
        'gain, last three',
      ],
      trials.filter((trial) => !isAblation(trial)).map(trialRow),
    ),
    '',
    ...ablationSection(trials),
  ].join('\n');
}

/** How much of the gain is the model becoming surer of what it knew. */
function greedySection({ greedy, curve }: TrialResult): string[] {
  if (greedy === undefined) {
    return [];
  }
  const names = ['deduction', 'abduction', 'induction', 'mean'] as const;
  const { before, after } = greedy;
  const sampledGain = curve.at(-1)!.mean - curve[0]!.mean;
  return [
    '## How much of it is elicitation?',
    '',
    'A policy that only grows surer of what it knew already solves more at temperature 1 without knowing more. The same 360 tasks, answered once by the most probable tokens (temperature 0) by the model as it was and by the policy of the last step:',
    '',
    table(
      ['temperature 0', ...names],
      [
        ['before', ...names.map((name) => percent(before[name]))],
        ['after', ...names.map((name) => percent(after[name]))],
        ['gain, points', ...names.map((name) => points(after[name] - before[name]))],
      ],
    ),
    '',
    `The held-out mean rose by ${points(sampledGain)} points at temperature 1 and by ${points(after.mean - before.mean)} at temperature 0, where only tasks count whose likeliest answer turned from wrong to right, less those that turned the other way. What the first has over the second is certainty.`,
    '',
  ];
}

function ablationSection(trials: readonly TrialResult[]): string[] {
  const ablations = ablationsOf(trials);
  if (ablations.length === 0) {
    return [];
  }
  const rows = ablations.map(({ name, settings, gains, meanGain, valid, unique }) => [
    name,
    settings.map((setting) => `\`${setting}\``).join(', '),
    String(gains.length),
    points(meanGain),
    `${points(Math.min(...gains))} to ${points(Math.max(...gains))}`,
    gains.map(points).join(', '),
    percent(valid),
    percent(unique),
  ]);
  return [
    '## One setting at a time, and together',
    '',
    'Each row is one change to `studio`, run for 60 steps from seeds 1, 2 and 3, two answers per held-out task. A gain has a standard error of about 2.5 points, so within sixty steps no single setting, nor the four against narrowing together, can be told from the preset: the rise comes from what all rows share. The four are there for runs of hundreds of steps, which this table does not cover. Without deduplication nothing looks for repeats, so its share of unique proposals says nothing. The upper clip is idle with one update a step, and 0.0005 is the learning rate that the model folder names: both rows repeat the preset number for number, which shows that a seed fixes a run.',
    '',
    table(
      ['change', 'settings', 'seeds', 'mean gain', 'range', 'gains by seed', 'valid', 'unique'],
      rows,
    ),
    '',
  ];
}

function presetSection(presets: ReportContent['presets']): string[] {
  if (!presets) {
    return [];
  }
  const rows = (['studio', 'paper'] as const).map((name) => {
    const { curve, steps, valid, unique } = presets[name];
    const first = curve[0]!;
    const last = curve.at(-1)!;
    return [
      `\`${name}\``,
      String(steps),
      String(Math.round(last.generatedTokens / 1000)),
      (last.seconds / 60).toFixed(1),
      percent(first.mean),
      percent(last.mean),
      points(last.mean - first.mean),
      percent(valid),
      percent(unique),
    ];
  });
  return [
    '## `paper` and `studio` on the same budget of generated tokens',
    '',
    '![Held-out solve rate of both presets](presets.svg)',
    '',
    table(
      [
        'preset',
        'steps',
        'thousand tokens',
        'minutes',
        'before',
        'after',
        'gain, points',
        'valid',
        'unique',
      ],
      rows,
    ),
    '',
    'Both start from the same model, seed and learning rate. The paper discards its estimation rollouts and samples the training batch anew, so the same budget buys it fewer and larger steps.',
    '',
  ];
}

function shortRunSection(shortRuns: readonly RecordedShortRun[]): string[] {
  const rows = shortRuns.map(({ seed, reversed, before, after, valid, unique }) => [
    reversed ? 'reversed' : 'as it is',
    String(seed),
    percent(before),
    percent(after),
    points(after - before),
    percent(valid),
    percent(unique),
  ]);
  return [
    '## The test that learning works',
    '',
    `\`npm test\` makes a run of ${String(SHORT_RUN_STEPS)} steps and asks that the held-out mean (two answers per task) rises by a pass mark. The mark was set from these runs. With the sign of every advantage reversed the same run stays far below it.`,
    '',
    table(['advantage', 'seed', 'before', 'after', 'gain, points', 'valid', 'unique'], rows),
    '',
  ];
}

function trialRow(trial: TrialResult): string[] {
  const first = trial.curve[0]!;
  const last = trial.curve.at(-1)!;
  const tail = trial.curve.slice(-3);
  const tailMean = tail.reduce((sum, { mean }) => sum + mean, 0) / tail.length;
  return [
    trial.name,
    String(trial.seed),
    String(trial.steps),
    (last.seconds / 60).toFixed(1),
    percent(first.mean),
    percent(last.mean),
    points(last.mean - first.mean),
    percent(trial.valid),
    percent(trial.unique),
    points(tailMean - first.mean),
  ];
}

function ratesOf(point: CurvePoint): string[] {
  return [point.deduction, point.abduction, point.induction, point.mean].map(percent);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function points(difference: number): string {
  return `${difference < 0 ? '−' : '+'}${Math.abs(difference * 100).toFixed(1)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
