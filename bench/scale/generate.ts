/** Writes a generated run into a run.db, as fast as SQLite takes rows. */
import { completeSettings, presetDepartures } from '../../server/src/settings/settings.ts';
import { createDatabase } from '../../server/src/store/schema/openDatabase.ts';
import type { RunInformation } from '../../server/src/store/rows/runInformation.ts';
import { StepWriter } from '../../server/src/store/writer/stepWriter.ts';
import { SUMMARY_SCHEMA } from '../../server/src/store/schema/summarySchema.ts';
import { fillSummaries } from '../../server/src/store/writer/summaryWriter.ts';
import { ESTIMATION_ROLLOUTS, generatedSteps } from './generatedSteps.ts';

const STEPS_PER_TRANSACTION = 200;

export interface GeneratedRun {
  readonly steps: number;
  readonly tasks: number;
  readonly proposals: number;
  readonly rollouts: number;
  readonly groups: number;
}

/**
 * Makes the run.db of a run with at least `tasks` tasks and ten times as many rollouts. The rows are
 * written without summaries and indexes of lists, which are made at the end: that is quicker than
 * keeping them up to date row by row.
 */
export function generateRun(
  path: string,
  options: { readonly tasks: number; readonly seed: number },
): GeneratedRun {
  const database = createDatabase(path, generatedInformation(options.seed));
  const indexes = [...SUMMARY_SCHEMA.matchAll(/CREATE INDEX (\w+) [^;]+;/g)];
  for (const [, name = ''] of indexes) database.exec(`DROP INDEX ${name}`);
  database.exec('DROP INDEX rollout_token_count');
  // Nothing here has to survive a power cut.
  database.exec('PRAGMA synchronous = OFF');
  const change = database.prepare("INSERT INTO change (kind, step) VALUES ('step', ?)");
  const writer = new StepWriter(database);
  let made: GeneratedRun = { steps: 0, tasks: 0, proposals: 0, rollouts: 0, groups: 0 };
  database.exec('BEGIN');
  for (const record of generatedSteps(options)) {
    writer.write(record);
    change.run(record.step);
    if (record.step % STEPS_PER_TRANSACTION === 0) {
      database.exec('COMMIT');
      database.exec('BEGIN');
    }
    made = {
      steps: made.steps + 1,
      tasks: made.tasks + record.tasks.filter(({ origin }) => origin !== 'held-out').length,
      proposals: made.proposals + record.proposals.length,
      rollouts: made.rollouts + record.rollouts.length,
      groups: record.rollouts.at(-1)?.group ?? made.groups,
    };
  }
  for (const [statement] of indexes) database.exec(statement);
  fillSummaries(database);
  database.exec('CREATE INDEX rollout_token_count ON rollout (token_count)');
  database.exec('COMMIT');
  database.close();
  return made;
}

function generatedInformation(seed: number): RunInformation {
  const settings = completeSettings(
    [{ seed, steps: 100_000, estimationRollouts: ESTIMATION_ROLLOUTS, proposalsPerMode: 20 }],
    'generated',
  );
  return {
    createdAt: '2026-01-01T00:00:00.000Z',
    protocolVersion: 1,
    settings,
    departures: presetDepartures(settings),
    dialect: 'compact',
    modelDigest: `sha256:${'0'.repeat(64)}`,
  };
}
