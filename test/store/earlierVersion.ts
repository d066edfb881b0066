/** Databases as earlier versions of the schema wrote them. */
import { copyFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

import { LEARNED_SCHEMA } from '../../server/src/store/learnedSchema.ts';
import { floatsToBlob, integersToBlob } from '../../server/src/store/numberBlobs.ts';
import { RunReader } from '../../server/src/store/runReader.ts';
import { SUMMARY_SCHEMA } from '../../server/src/store/summarySchema.ts';
import { temporaryPath } from './temporaryRun.ts';

/** A copy of the run at `path` as version 1, without summaries, or version 3, without packs, had it. */
export function asVersion(version: 1 | 3, path: string): string {
  const copy = temporaryPath();
  const database = new DatabaseSync(path);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
  copyFileSync(path, copy);
  const old = new DatabaseSync(copy);
  old.exec('PRAGMA synchronous = OFF; BEGIN');
  unpack(old, path);
  old.exec('DROP INDEX rollout_token_count');
  for (const column of ['pack', 'place', 'token_count']) {
    old.exec(`ALTER TABLE rollout DROP COLUMN ${column}`);
  }
  for (const column of ['pack', 'place']) old.exec(`ALTER TABLE prompt DROP COLUMN ${column}`);
  const later = [...LEARNED_SCHEMA.matchAll(/CREATE TABLE IF NOT EXISTS (\w+)/g)].map(
    ([, name]) => name!,
  );
  for (const table of ['rollout_pack', 'prompt_pack', 'completion_size', ...later]) {
    old.exec(`DROP TABLE ${table}`);
  }
  if (version === 3) {
    old.exec('CREATE INDEX rollout_token_bytes ON rollout (length(tokens))');
  } else {
    old.exec('DROP TABLE branch');
    for (const [, kind = '', name = ''] of SUMMARY_SCHEMA.matchAll(/CREATE (TABLE|INDEX) (\w+)/g)) {
      old.exec(`DROP ${kind} IF EXISTS ${name}`);
    }
  }
  old.exec(`PRAGMA user_version = ${String(version)}`);
  old.exec('COMMIT');
  old.close();
  return copy;
}

/** Writes what the packs of the run at `path` hold into the rows of `old`, its copy. */
function unpack(old: DatabaseSync, path: string): void {
  const prompt = old.prepare('UPDATE prompt SET prompt = ?, prompt_tokens = ? WHERE group_id = ?');
  const rollout = old.prepare(
    'UPDATE rollout SET completion = ?, tokens = ?, log_probabilities = ? WHERE id = ?',
  );
  const reader = RunReader.open(path);
  reader.connection.snapshot(() => {
    for (const { id } of reader.rollouts({ afterId: 0, limit: 1_000_000 })) {
      const record = reader.rollout(id)!;
      prompt.run(record.prompt, integersToBlob(record.promptTokens), record.group);
      const { completion, tokens, logProbabilities } = record;
      rollout.run(completion, integersToBlob(tokens), floatsToBlob(logProbabilities), id);
    }
  });
  reader.close();
}
