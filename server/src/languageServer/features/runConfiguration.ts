/** Everything that is fixed about a run, for its configuration view. */
import type { RunConfiguration } from '../../../protocol/runs.ts';
import { SETTINGS } from '../../../protocol/settings.ts';
import type { OpenRun } from '../openRuns.ts';

export function runConfiguration({ id, reader }: OpenRun): RunConfiguration {
  const { settings, departures, modelDigest } = reader.information();
  const branch = reader.branch();
  return {
    id,
    settings,
    departures: departures.map((departure) => ({
      ...departure,
      description: SETTINGS[departure.setting].description,
    })),
    modelDigest,
    ...(branch !== undefined && { branch }),
    sessions: reader.sessions().map(({ startedAt, afterStep, engine, sandbox }) => ({
      startedAt,
      afterStep,
      engine,
      sandbox,
    })),
    checkpointSteps: reader.checkpoints().map(({ step }) => step),
  };
}
