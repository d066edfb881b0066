/** One training run with the embedded model as any user would start it, and what became of it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { execa } from 'execa';

import type { MetricRecord } from '../../server/protocol/records.ts';
import { type Mode, MODES } from '../../server/protocol/vocabulary.ts';
import { RunReader } from '../../server/src/store/runReader.ts';

export interface TrialRequest {
  readonly name: string;
  readonly seed: number;
  readonly steps: number;
  /** Settings that differ from the preset's and the model's defaults, as `name=value`. */
  readonly settings: readonly string[];
}

export interface CurvePoint {
  readonly step: number;
  /** Wall time since the run began. */
  readonly seconds: number;
  readonly generatedTokens: number;
  readonly deduction: number;
  readonly abduction: number;
  readonly induction: number;
  readonly mean: number;
}

/** Held-out solve rates in [0, 1]; `mean` is the mean over the modes. */
export type HeldOutRates = Readonly<Record<Mode | 'mean', number>>;

export interface TrialResult extends TrialRequest {
  /** The same tasks at temperature 0, before and after. */
  readonly greedy?: { readonly before: HeldOutRates; readonly after: HeldOutRates };
  /** Held-out solve rates at temperature 1, step 0 first. */
  readonly curve: readonly CurvePoint[];
  /** Share of valid proposals, mean of the last ten steps. */
  readonly valid: number;
  /** Share of valid proposals that equal no earlier task, mean of the last ten steps. */
  readonly unique: number;
  readonly secondsPerStep: number;
  /** Generated tokens per step, proposals and answers of the run itself. */
  readonly tokensPerStep: number;
}

const FINAL_STEPS = 10;
/** One answer at temperature 1 to each held-out task, at every measurement. */
const MEASUREMENT = ['probeSamples=1', 'probeSampleEverySteps=20'];

/** Runs `azr run` in a folder of its own, reads its run.db, and removes the folder. */
export async function runTrial(request: TrialRequest): Promise<TrialResult> {
  const folder = await mkdtemp(path.join(tmpdir(), 'azr-learn-'));
  try {
    const settings = [...MEASUREMENT, ...request.settings].flatMap((setting) => ['--set', setting]);
    const entry = path.join(import.meta.dirname, '../../server/src/cli/main.ts');
    const run = path.join(folder, 'run');
    await execa(
      process.execPath,
      [
        entry,
        'run',
        '--directory',
        run,
        '--seed',
        String(request.seed),
        '--steps',
        String(request.steps),
        ...settings,
      ],
      { cwd: folder, stdin: 'ignore', stdout: ['inherit'], stderr: 'inherit' },
    );
    return resultOf(request, path.join(run, 'run.db'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What became of the run whose database this is. */
function resultOf(request: TrialRequest, database: string): TrialResult {
  const reader = RunReader.open(database);
  try {
    const steps = reader.steps(-1, request.steps + 1);
    const began = Date.parse(steps[0]!.startedAt);
    const generated = cumulative(reader.metricSeries('tokens.generated'));
    const [deduction, abduction, induction] = ['deduction', 'abduction', 'induction'].map((mode) =>
      valuesByStep(reader.metricSeries(`probe.pass1.${mode}`)),
    );
    const curve = reader.metricSeries('probe.pass1.mean').map(({ step, value }) => {
      const end = steps.find((candidate) => candidate.step === step)!;
      return {
        step,
        seconds: (Date.parse(end.startedAt) + end.durationMs - began) / 1000,
        generatedTokens: generated.get(step) ?? 0,
        deduction: deduction?.get(step) ?? 0,
        abduction: abduction?.get(step) ?? 0,
        induction: induction?.get(step) ?? 0,
        mean: value,
      };
    });
    const trained = steps.filter(({ step }) => step > 0);
    const tokens = reader.metricSeries('tokens.generated').filter(({ step }) => step > 0);
    return {
      ...request,
      curve,
      greedy: greedyOf(reader),
      valid: meanOfLast(reader.metricSeries('proposer.valid')),
      unique: meanOfLast(reader.metricSeries('proposer.unique')),
      secondsPerStep:
        trained.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000 / trained.length,
      tokensPerStep: tokens.reduce((sum, { value }) => sum + value, 0) / tokens.length,
    };
  } finally {
    reader.close();
  }
}

function greedyOf(reader: RunReader): NonNullable<TrialResult['greedy']> {
  const rates = (end: 'first' | 'last') => {
    const rate = (name: Mode | 'mean') => reader.metricEnds(`probe.greedy.${name}`)[end] ?? 0;
    const [deduction, abduction, induction] = MODES.map(rate) as [number, number, number];
    return { deduction, abduction, induction, mean: rate('mean') };
  };
  return { before: rates('first'), after: rates('last') };
}

function valuesByStep(series: readonly MetricRecord[]): Map<number, number> {
  return new Map(series.map(({ step, value }) => [step, value]));
}

function cumulative(series: readonly MetricRecord[]): Map<number, number> {
  let total = 0;
  return new Map(
    series.map(({ step, value }) => {
      total += value;
      return [step, total];
    }),
  );
}

function meanOfLast(series: readonly MetricRecord[]): number {
  const last = series.slice(-FINAL_STEPS);
  return last.reduce((sum, { value }) => sum + value, 0) / last.length;
}
