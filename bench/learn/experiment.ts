/** One training run, as any user would start it, and what it learned. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Engine } from '../../server/protocol/engine.ts';
import type { LearningReport } from '../../server/protocol/learning.ts';
import type { MetricRecord } from '../../server/protocol/records.ts';
import { settingsLayers } from '../../server/src/cli/settingsOptions.ts';
import { mean } from '../../server/src/statistics/cells.ts';
import { learningReport } from '../../server/src/runs/learningReport.ts';
import { openEngine } from '../../server/src/run/openEngine.ts';
import { prepareNewRun } from '../../server/src/run/prepareRun.ts';
import { createRun } from '../../server/src/run/run.ts';
import { RunSteering } from '../../server/src/run/runSteering.ts';
import { RunReader } from '../../server/src/store/runReader.ts';
import { type Arm, armNamed } from './arms.ts';
import { withReversedAdvantages } from './controls.ts';
import type { HeldOutComposition } from './largerHeldOut.ts';

export interface ExperimentRequest {
  readonly arm: string;
  readonly seed: number;
  readonly steps: number;
  /** Settings on top of the arm's, as `name=value`. */
  readonly settings: readonly string[];
  /** Another model than the embedded one, and the file of its held-out tasks. */
  readonly larger?: {
    readonly model: string;
    readonly probe: string;
    readonly heldOut: HeldOutComposition;
  };
}

export interface CurvePoint {
  readonly step: number;
  /** Wall time since the run began, measurements included. */
  readonly seconds: number;
  /** Tokens that the run generated for itself, measurements left out. */
  readonly generatedTokens: number;
  /** Metrics of this step by name, `probe.` and `curriculum.` left away. */
  readonly rates: Readonly<Record<string, number>>;
}

export interface ExperimentResult extends Omit<ExperimentRequest, 'larger'> {
  /** Absent for the embedded model. */
  readonly model?: string;
  /** What `model` was asked, and on what it was trained. */
  readonly heldOut?: HeldOutComposition;
  readonly device?: string;
  readonly report: LearningReport;
  readonly curve: readonly CurvePoint[];
  readonly minutes: number;
  /** Without the steps that measured held-out tasks. */
  readonly secondsPerStep: number;
  readonly distinctPrograms: number;
  readonly templates: number;
  /** Means over the first and the last tenth of the steps. */
  readonly course: Readonly<Record<string, readonly [first: number, last: number]>>;
}

/** What is looked at over the course of a run. */
const COURSE = [
  ...['proposer.valid', 'proposer.unique', 'proposer.newPrograms', 'proposer.largestTemplate'],
  ...['solver.deduction.solveRate', 'solver.abduction.solveRate', 'solver.induction.solveRate'],
  ...['solver.deduction.zeroVarianceGroups', 'solver.abduction.zeroVarianceGroups'],
  ...['solver.induction.zeroVarianceGroups', 'curriculum.constructs', 'curriculum.syntaxNodes'],
  ...['gold.loss', 'gold.deduction.loss', 'gold.abduction.loss', 'gold.induction.loss'],
];

/** Makes the run in a folder of its own, reads its database, and removes the folder. */
export async function runExperiment(request: ExperimentRequest): Promise<ExperimentResult> {
  const arm = armNamed(request.arm);
  const folder = await mkdtemp(path.join(tmpdir(), 'azr-learn-'));
  try {
    const run = await makeRun(arm, request, path.join(folder, 'run'));
    const reader = RunReader.open(path.join(run, 'run.db'));
    try {
      return resultOf(request, reader);
    } finally {
      reader.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function makeRun(arm: Arm, request: ExperimentRequest, folder: string): Promise<string> {
  const { seed, steps, settings, larger } = request;
  const layers = await settingsLayers(undefined, { set: [...arm.settings, ...settings] });
  const own = { seed, steps, ...(larger && { model: larger.model, probe: larger.probe }) };
  const prepared = await prepareNewRun([...layers, own], 'the experiment');
  const experiment = arm.experiment?.(seed);
  const wrap = arm.isReversed === true ? withReversedAdvantages : (engine: Engine) => engine;
  const result = await createRun(prepared, folder, {
    openEngine: async (...parts) => wrap(await openEngine(...parts)),
    listener: (event) => {
      if (event.kind === 'step') {
        const shown = event.metrics.filter(({ name }) => /^probe\.(greedy|passK)/.test(name));
        const rates = shown.map(({ name, value }) => `${name.slice(6)} ${value.toFixed(3)}`);
        const seconds = (event.durationMs / 1000).toFixed(1);
        process.stderr.write(`step ${String(event.step)} ${seconds} s ${rates.join(' ')}\n`);
      } else if (event.kind === 'notice') {
        process.stderr.write(`${event.message}\n`);
      }
    },
    steering: new RunSteering(),
    ...(experiment && { experiment }),
  });
  return result.folder;
}

function resultOf(request: ExperimentRequest, reader: RunReader): ExperimentResult {
  const { arm, seed, steps: lastStep, settings, larger } = request;
  const steps = reader.steps(-1, request.steps + 1);
  const began = Date.parse(steps[0]!.startedAt);
  const ended = new Map(
    steps.map(({ step, startedAt, durationMs }) => [
      step,
      (Date.parse(startedAt) + durationMs - began) / 1000,
    ]),
  );
  const measured = new Set(reader.metricSeries('probe.greedy.mean').map(({ step }) => step));
  const plain = steps.filter(({ step }) => step > 0 && !measured.has(step));
  const report = learningReport(reader);
  const last = (name: string) => reader.metricSeries(name).at(-1)?.value ?? 0;
  return {
    ...(larger && largerFacts(larger, reader)),
    ...{ arm, seed, steps: lastStep, settings },
    report,
    curve: curveOf(reader, measured, ended),
    minutes: (ended.get(request.steps) ?? 0) / 60,
    secondsPerStep:
      plain.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000 / plain.length,
    distinctPrograms: last('memory.programs'),
    templates: last('memory.templates'),
    course: Object.fromEntries(
      COURSE.flatMap((name) => {
        const series = reader.metricSeries(name);
        return series.some(({ step }) => step > 0) ? [[name, courseOf(series)]] : [];
      }),
    ),
  };
}

function largerFacts(
  { model, heldOut }: NonNullable<ExperimentRequest['larger']>,
  reader: RunReader,
): Pick<ExperimentResult, 'model' | 'heldOut' | 'device'> {
  const [session] = reader.sessions();
  return { model, heldOut, ...(session && { device: session.engine.device }) };
}

function curveOf(
  reader: RunReader,
  measured: ReadonlySet<number>,
  ended: ReadonlyMap<number, number>,
): CurvePoint[] {
  let total = 0;
  const generated = new Map(
    reader.metricSeries('tokens.generated').map(({ step, value }) => [step, (total += value)]),
  );
  return [...measured].map((step) => {
    const rates = reader
      .metricsOfStep(step)
      .filter(({ name }) => /^(probe|curriculum)\./.test(name))
      .map(({ name, value }) => [name.replace(/^(probe|curriculum)\./, ''), value] as const);
    return {
      step,
      seconds: ended.get(step) ?? 0,
      generatedTokens: generated.get(step) ?? 0,
      rates: Object.fromEntries(rates),
    };
  });
}

function courseOf(series: readonly MetricRecord[]): readonly [number, number] {
  const values = series.filter(({ step }) => step > 0).map(({ value }) => value);
  const part = Math.max(1, Math.round(values.length / 10));
  return [mean(values.slice(0, part)), mean(values.slice(-part))];
}
