/**
 * `npm run demo -- <run folder> [steps]`: makes media/demo/run.db.br, the recorded run that ships with
 * AZR Studio, from the first steps of a run. What a replay works out again is left out of it. Answers to
 * held-out tasks are most of its bytes: the run in the repository has 3 steps and 36 such tasks, every
 * fortieth of azr-nano's (`--steps 3 --set probe=<file>`).
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { brotliCompressSync, constants } from 'node:zlib';

import { demoArchive } from '../server/src/runs/demoRun.ts';
import { existingRunFolder } from '../server/src/runFolder/runFolder.ts';
import { copyDatabase } from '../server/src/store/writer/copyDatabase.ts';
import { RunReader } from '../server/src/store/runReader.ts';
import { SqliteRunStore } from '../server/src/store/writer/sqliteRunStore.ts';
import { SUMMARY_STEP_TABLES } from '../server/src/store/writer/summaryWriter.ts';

const [source = '', steps = '12'] = process.argv.slice(2);
const folder = mkdtempSync(path.join(tmpdir(), 'azr-demo-'));
try {
  const draft = path.join(folder, 'draft.db');
  const reader = RunReader.open(existingRunFolder(source).database);
  copyDatabase(reader, draft);
  reader.close();
  const store = SqliteRunStore.open(draft);
  store.discardStepsAfter(Number(steps));
  store.close();
  const packed = path.join(folder, 'packed.db');
  const database = new DatabaseSync(draft);
  for (const table of [...SUMMARY_STEP_TABLES, 'checkpoint', 'change']) {
    database.exec(`DELETE FROM ${table}`);
  }
  const indexes = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
    .all();
  for (const { name } of indexes) database.exec(`DROP INDEX ${String(name)}`);
  database.prepare('VACUUM INTO ?').run(packed);
  database.close();
  const content = readFileSync(packed);
  const compressed = brotliCompressSync(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: 24,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  });
  mkdirSync(path.dirname(demoArchive()), { recursive: true });
  writeFileSync(demoArchive(), compressed);
  process.stdout.write(`${demoArchive()}: ${(compressed.length / 1e3).toFixed(0)} kB\n`);
} finally {
  rmSync(folder, { recursive: true });
}
