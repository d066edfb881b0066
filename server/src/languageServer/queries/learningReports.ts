/** Reports of what runs learned, worked out once for each measurement: viewers ask after every step. */
import type { LearningReport } from '../../../protocol/learning.ts';
import { learningReport } from '../../runs/learningReport.ts';
import { measuredSteps } from '../../store/curves/heldOutQuery.ts';
import type { RunReader } from '../../store/runReader.ts';

export class LearningReports {
  readonly #known = new WeakMap<
    RunReader,
    { readonly measured: string; readonly report: LearningReport }
  >();

  /** Throws a ProblemError when the database cannot be read. */
  of(reader: RunReader): LearningReport {
    return reader.connection.snapshot(() => {
      const measured = measurement(reader);
      const known = this.#known.get(reader);
      if (known?.measured === measured) return known.report;
      const report = learningReport(reader);
      this.#known.set(reader, { measured, report });
      return report;
    });
  }
}

/** Tells measurements apart, also that of a step from the one that took its place after a resume. */
function measurement(reader: RunReader): string {
  return JSON.stringify([
    measuredSteps(reader.connection),
    reader.metricEnds('probe.greedy.mean'),
    reader.metricEnds('probe.pass1.mean'),
  ]);
}
