import { ProblemError } from '../../server/protocol/problem.ts';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

import { describe, expect, test } from 'vitest';

import { RunQueries } from '../../server/src/store/lists/runQueries.ts';
import { randomSource } from '../randomJson.ts';
import { askEverything } from './askEverything.ts';
import { handMadeSteps } from './handMadeSteps.ts';
import { runWith, storeErrorOf, temporaryPath } from './temporaryRun.ts';

/** A run.db in which somebody else has been. */
function tamperedRun(sql: string): string {
  const { path, store } = runWith(handMadeSteps());
  store.close();
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA writable_schema = ON; PRAGMA ignore_check_constraints = ON; ${sql}`);
  database.close();
  return path;
}

test('an untouched run answers everything', () => {
  expect(() => {
    askEverything(tamperedRun(''));
  }).not.toThrow();
});

describe('what no version of ours writes is reported as damage', () => {
  test.each([
    ['an unknown mode', "UPDATE rollout SET mode = 'seduction' WHERE id = 6"],
    ['an unknown verdict', "UPDATE rollout SET verdict = '<script>' WHERE id = 6"],
    ['an unknown reason', "UPDATE proposal SET reason = 'whim' WHERE id = 3"],
    ['an unknown phase', "UPDATE attempt SET phase = 'later'"],
    ['examples that are no JSON', "UPDATE task SET examples = '[{' WHERE id = 3"],
    ['examples of another shape', "UPDATE task SET examples = '[1]' WHERE id = 3"],
    ['a task without examples', "UPDATE task SET examples = '[]' WHERE id = 3"],
    ['parents that are no numbers', `UPDATE task SET parent_task_ids = '["1"]' WHERE id = 4`],
    ['inputs that are no list', `UPDATE proposal SET inputs = '{}' WHERE id = 4`],
    ['settings that are no JSON', "UPDATE run SET settings = 'none'"],
    [
      'a setting of another type',
      `UPDATE run SET settings = json_set(settings, '$.steps', 'many')`,
    ],
    [
      'a sandbox that there is not',
      `UPDATE run SET settings = json_set(settings, '$.sandbox', 'none')`,
    ],
    ['a number too large for us', 'UPDATE rollout SET task_id = 9223372036854775807 WHERE id = 6'],
    ['no settings at all', 'DELETE FROM run'],
    [
      'a view in the place of a table',
      'DROP TABLE proposal; CREATE VIEW proposal AS SELECT * FROM task',
    ],
    [
      'rows without an end',
      `DROP TABLE metric; CREATE VIEW metric (name, step, value) AS
       WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 'x', i, i FROM n`,
    ],
    [
      'a table that takes any type',
      'DROP TABLE step; CREATE TABLE step (step, started_at, duration_ms)',
    ],
    ['a missing table', 'DROP TABLE baseline'],
    [
      'a table without a column',
      'DROP TABLE step; CREATE TABLE step (step INTEGER PRIMARY KEY) STRICT',
    ],
  ])('%s', (_what, sql) => {
    const path = tamperedRun(sql);
    const error = storeErrorOf(() => {
      askEverything(path);
    });
    expect(error.code).toBe('corrupt');
    expect(error.message).toContain(path);
    expect(error.remedy).not.toBe('');
  });

  test('pages overwritten or cut off', () => {
    const overwritten = tamperedRun('VACUUM');
    const cut = tamperedRun('VACUUM');
    truncateSync(cut, 8192);
    for (const path of [overwritten, cut]) {
      if (path === overwritten) overwriteMiddle(path);
      const { code } = storeErrorOf(() => {
        askEverything(path);
      });
      expect(['corrupt', 'not-a-run']).toContain(code);
    }
  });

  test('bytes anywhere, as chance has it: what is shown is a ProblemError or right', () => {
    const random = randomSource(37);
    const whole = readFileSync(tamperedRun('VACUUM'));
    let noticed = 0;
    for (let round = 0; round < 250; round += 1) {
      const bytes = Buffer.from(whole);
      for (let count = Math.ceil(random() * 40); count > 0; count -= 1) {
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      }
      const path = temporaryPath();
      writeFileSync(path, bytes);
      try {
        askEverything(path);
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error;
        expect(error.remedy).not.toBe('');
        noticed += 1;
      }
    }
    expect(noticed).toBeGreaterThan(50);
  });

  test('no database at all', () => {
    const path = tamperedRun('');
    writeFileSync(
      path,
      'Not a database, but as long as the header of one would have to be. '.repeat(20),
    );
    expect(storeErrorOf(() => RunQueries.open(path)).code).toBe('not-a-run');
  });
});

describe('what is merely hostile is shown harmlessly', () => {
  test('a program of many megabytes gives a short title', () => {
    const path = tamperedRun(
      "UPDATE task SET program = replace(hex(zeroblob(4000000)), '0', char(27)) WHERE id = 3",
    );
    const queries = RunQueries.open(path);
    const { items } = queries.stepItems({
      ...{ runId: 'run', step: 1, role: 'solver', mode: 'deduction', offset: 0, limit: 10 },
    });
    expect(items[0]?.title).toBe(`${'␛'.repeat(119)}…`);
    queries.close();
  });

  test('a task that names itself and thousands of others as parents ends', () => {
    const path = tamperedRun(
      `UPDATE task SET parent_task_ids = (SELECT json_group_array(value) FROM generate_series(1, 50000));
       INSERT INTO task_parent (parent_id, task_id, step) VALUES (3, 3, 1)`.replace(
        'SELECT json_group_array(value) FROM generate_series(1, 50000)',
        'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) SELECT json_group_array(i) FROM n',
      ),
    );
    const queries = RunQueries.open(path);
    expect(queries.relatives.childrenOfTask(3, 10).map(({ id }) => id)).toEqual([3, 4]);
    const parents = queries.reader.task(3)?.parentTaskIds ?? [];
    expect(parents).toHaveLength(50_000);
    expect(queries.relatives.tasksByIds(parents).map(({ id }) => id)).toEqual([1, 2, 3, 4, 9]);
    queries.close();
  });
});

/** Fills the pages after the first with a byte that no page starts with. */
function overwriteMiddle(path: string): void {
  const database = new DatabaseSync(path);
  const row = database.prepare('PRAGMA page_count').get();
  database.close();
  const pages = Number(row?.['page_count']);
  const kept = 4096;
  truncateSync(path, kept);
  writeFileSync(path, new Uint8Array((pages - 1) * 4096).fill(0xff), { flag: 'a' });
}
