/** What a runner told of its steps, told again from their rows. */
import type { RunEvent } from '../../protocol/events.ts';
import type { RunReader, StepSummary } from '../store/runReader.ts';

/** The announcement of a committed step, as its runner made it. */
export function storedStep(
  reader: RunReader,
  { step, durationMs }: StepSummary,
): Extract<RunEvent, { kind: 'step' }> {
  const metrics = reader.metricsOfStep(step);
  const metric = (name: string) => metrics.find((candidate) => candidate.name === name)?.value ?? 0;
  return {
    kind: 'step',
    step,
    durationMs,
    generatedTokens: metric('tokens.generated'),
    trainedTokens: metric('tokens.trained'),
    metrics,
  };
}
