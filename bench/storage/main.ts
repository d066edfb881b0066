/**
 * `npm run bench:storage`: how much disk a rollout takes and how long a step takes to commit, for the
 * recorded run that ships and for a generated one with long completions.
 * `-- --run <run.db>` takes another run instead.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';

import type { StepRecord } from '../../server/protocol/records.ts';
import { demoRun } from '../../server/src/runs/demoRun.ts';
import { RunReader } from '../../server/src/store/runReader.ts';
import type { RunInformation } from '../../server/src/store/rows/runInformation.ts';
import { SqliteRunStore } from '../../server/src/store/writer/sqliteRunStore.ts';
import { generatedSteps } from '../scale/generatedSteps.ts';
import { withLongCompletions } from './longCompletions.ts';

const EVERYTHING = { afterId: 0, limit: Number.MAX_SAFE_INTEGER };
const GENERATED_TASKS = 160;

const { values } = parseArgs({ options: { run: { type: 'string' } } });
const folder = mkdtempSync(path.join(tmpdir(), 'azr-storage-'));
try {
  const source = values.run ?? demoRun().database;
  const reader = RunReader.open(source);
  const information = reader.information();
  report(values.run ?? 'the recorded run', information, storedSteps(reader));
  reader.close();
  if (values.run === undefined) {
    const steps = generatedSteps({ tasks: GENERATED_TASKS, seed: 1 });
    report('long completions', information, withLongCompletions(steps, seededRandom(5)));
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** Every step of a run as it was when it was committed. */
function* storedSteps(reader: RunReader): Generator<StepRecord, void, undefined> {
  for (const { step, startedAt, durationMs } of reader.steps(-1, Number.MAX_SAFE_INTEGER)) {
    yield {
      ...{ step, startedAt, durationMs },
      proposals: reader.proposals(EVERYTHING, { step }),
      tasks: reader.tasks(EVERYTHING, { step }),
      rollouts: reader.rollouts(EVERYTHING, { step }).map(({ id }) => reader.rollout(id)!),
      baselines: reader.baselines(step),
      attempts: [...reader.allAttempts()].filter((row) => row.step === step),
      harvests: [...reader.allHarvests()].filter((row) => row.step === step),
      goldDocuments: [...reader.allGoldDocuments()].filter((row) => row.step === step),
      metrics: reader.metricsOfStep(step),
    };
  }
}

function report(name: string, information: RunInformation, steps: Iterable<StepRecord>): void {
  const file = path.join(folder, `${String(performance.now())}.db`);
  const store = SqliteRunStore.create(file, information);
  const commitMs: number[] = [];
  let [rollouts, tokens] = [0, 0];
  for (const step of steps) {
    rollouts += step.rollouts.length;
    tokens += step.rollouts.reduce((sum, rollout) => sum + rollout.tokens.length, 0);
    const { user, system } = process.cpuUsage();
    store.commitStep(step);
    const spent = process.cpuUsage({ user, system });
    commitMs.push((spent.user + spent.system) / 1000);
  }
  store.close();
  const sizes = tableSizes(file);
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  const perStep = commitMs.reduce((sum, time) => sum + time, 0) / commitMs.length;
  console.log(
    `\n${name}: ${String(commitMs.length)} steps, ${String(rollouts)} rollouts of ${(tokens / rollouts).toFixed(0)} tokens`,
  );
  console.log(
    `  ${(total / rollouts).toFixed(0)} bytes per rollout, ${(total / 2 ** 20).toFixed(2)} MiB`,
  );
  console.log(
    `  ${perStep.toFixed(1)} ms of processor time per commit, ${((perStep / rollouts) * commitMs.length).toFixed(3)} per rollout`,
  );
  for (const { table, bytes } of sizes.slice(0, 8)) {
    console.log(
      `  ${table.padEnd(20)} ${(bytes / rollouts).toFixed(1).padStart(9)} bytes per rollout`,
    );
  }
}

/** Bytes of each table with its indexes, largest first. */
function tableSizes(file: string): { readonly table: string; readonly bytes: number }[] {
  const database = new DatabaseSync(file, { readOnly: true });
  const rows = database
    .prepare(
      `SELECT tbl_name AS "table", sum(pgsize) AS bytes FROM dbstat JOIN sqlite_schema USING (name)
       GROUP BY tbl_name ORDER BY bytes DESC`,
    )
    .all();
  database.close();
  return rows.map(({ table, bytes }) => ({ table: String(table), bytes: Number(bytes) }));
}

function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
