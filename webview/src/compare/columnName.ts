/** What a column of a comparison is called. */
import type { Measurement } from '../../../server/protocol/comparison.ts';
import type { RunOverview } from '../../../server/protocol/runs.ts';
import { visibleText } from '../../../server/protocol/visibleText.ts';

/**
 * A subject by its label and its evaluation; a run by its name and the step.
 * @param step that was measured; absent where none was yet
 */
export function columnName(runs: readonly RunOverview[], { runId, step }: Measurement): string {
  const run = runs.find(({ id }) => id === runId);
  if (run === undefined) return visibleText(runId);
  const name = visibleText(run.name);
  if (step === undefined) return `${name}, not measured`;
  if (run.evaluation !== undefined) {
    return `${visibleText(run.evaluation.subjects[step] ?? '')} (${name})`;
  }
  return step === 0 ? `${name}, before training` : `${name}, step ${String(step)}`;
}
