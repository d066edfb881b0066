/** What came of a run, from its rows. */
import type { LearningReport } from '../../protocol/learning.ts';
import type { RunReader } from '../store/runReader.ts';
import { learningReport } from './learningReport.ts';

export interface RunSummary {
  readonly steps: number;
  /** Whether these are all the steps that the settings ask for. */
  readonly complete: boolean;
  readonly generatedTokens: number;
  readonly durationMs: number;
  /** Absent for a run without held-out tasks. */
  readonly learning?: LearningReport;
  /** Shares in [0, 1], the mean of the last {@link RECENT_STEPS} steps. */
  readonly valid?: number;
  readonly unique?: number;
}

/** A single step is too few proposals to tell a share from. */
export const RECENT_STEPS = 10;

export function summarise(reader: RunReader): RunSummary {
  const learning = learningReport(reader);
  const valid = meanOf(valuesOf(reader, 'proposer.valid').slice(-RECENT_STEPS));
  const unique = meanOf(valuesOf(reader, 'proposer.unique').slice(-RECENT_STEPS));
  const steps = Math.max(0, reader.counters().lastStep);
  return {
    steps,
    complete: steps === reader.information().settings.steps,
    generatedTokens: sumOf(valuesOf(reader, 'tokens.generated')),
    durationMs: reader.totalDurationMs(),
    ...(learning.tasks > 0 && { learning }),
    ...(valid !== undefined && { valid }),
    ...(unique !== undefined && { unique }),
  };
}

function valuesOf(reader: RunReader, name: string): number[] {
  return reader.metricSeries(name).map(({ value }) => value);
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function meanOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : sumOf(values) / values.length;
}
