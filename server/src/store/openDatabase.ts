/** Opens a run.db and makes sure that it is one that this version understands. */
import { closeSync, existsSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

import type { RunInformation } from './runInformation.ts';
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION } from './schema.ts';
import { explainingErrors, StoreError } from './storeError.ts';

/** How long a statement waits for a lock before it fails with `locked`. */
const LOCK_WAIT_MS = 5000;

/** Creates the run.db of a new run, readable by its owner only. Throws StoreError `exists` when there is one. */
export function createDatabase(path: string, information: RunInformation): DatabaseSync {
  if (existsSync(path)) {
    throw new StoreError(
      'exists',
      `${path} exists already.`,
      'Choose another run folder, or continue it with "azr resume".',
    );
  }
  // SQLite gives its journal files the mode of the database, so the mode must be right from the start.
  closeSync(openSync(path, 'wx', 0o600));
  const database = openForWriting(path);
  explainingErrors(path, () => {
    database.exec('BEGIN IMMEDIATE');
    database.exec(SCHEMA);
    database.exec(`PRAGMA application_id = ${String(APPLICATION_ID)}`);
    database.exec(`PRAGMA user_version = ${String(SCHEMA_VERSION)}`);
    insertInformation(database, information);
    database.exec('COMMIT');
  });
  return database;
}

function insertInformation(database: DatabaseSync, information: RunInformation): void {
  database
    .prepare(
      `INSERT INTO run (id, created_at, protocol_version, seed, settings, departures, model_digest)
       VALUES (1, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      information.createdAt,
      information.protocolVersion,
      information.settings.seed,
      JSON.stringify(information.settings),
      JSON.stringify(information.departures),
      information.modelDigest,
    );
}

/** Opens an existing run.db. Throws StoreError: `missing`, `not-a-run`, `newer-schema` and SQLite's own. */
export function openDatabase(path: string, access: 'read' | 'write'): DatabaseSync {
  if (!existsSync(path)) {
    throw new StoreError(
      'missing',
      `There is no run database at ${path}.`,
      'Name the folder of a run: it holds run.db.',
    );
  }
  const database = access === 'write' ? openForWriting(path) : openForReading(path);
  try {
    explainingErrors(path, () => {
      checkSchema(database, path);
    });
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

function openForWriting(path: string): DatabaseSync {
  return explainingErrors(path, () => {
    const database = new DatabaseSync(path);
    database.exec(`PRAGMA busy_timeout = ${String(LOCK_WAIT_MS)}`);
    database.exec('PRAGMA journal_mode = WAL');
    // FULL syncs the log at every commit, one sync per step: a committed step survives a power cut.
    database.exec('PRAGMA synchronous = FULL');
    return database;
  });
}

function openForReading(path: string): DatabaseSync {
  return explainingErrors(path, () => {
    const database = new DatabaseSync(path, { readOnly: true });
    database.exec(`PRAGMA busy_timeout = ${String(LOCK_WAIT_MS)}`);
    return database;
  });
}

function checkSchema(database: DatabaseSync, path: string): void {
  const applicationId = pragma(database, 'application_id');
  if (applicationId !== APPLICATION_ID) {
    throw new StoreError(
      'not-a-run',
      `${path} is no run database.`,
      'Name the folder of a run: it holds run.db.',
    );
  }
  const version = pragma(database, 'user_version');
  if (version > SCHEMA_VERSION) {
    throw new StoreError(
      'newer-schema',
      `${path} was written by a newer AZR Studio (schema ${String(version)}; this one reads up to ${String(SCHEMA_VERSION)}).`,
      'Update AZR Studio, then open the run again.',
    );
  }
}

function pragma(database: DatabaseSync, name: string): number {
  const row = database.prepare(`PRAGMA ${name}`).get();
  return Number(row?.[name] ?? 0);
}
