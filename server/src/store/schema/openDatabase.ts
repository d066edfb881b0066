/** Opens a run.db and makes sure that it is one that this version understands. */
import { ProblemError } from '../../../protocol/problem.ts';
import { closeSync, existsSync, lstatSync, openSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

import { isPlainFile, isPlainFileOfOneName } from '../../files/plainFile.ts';
import { oversizedTable, oversizedValue } from '../rows/oversizedValue.ts';
import type { RunInformation } from '../rows/runInformation.ts';
import { insertEvaluation } from '../rows/evaluationRows.ts';
import { foreignPart } from './foreignSchema.ts';
import { APPLICATION_ID, SCHEMA_VERSION } from './schema.ts';
import { SCHEMA_PARTS } from './schemaParts.ts';
import { corruptError, explainingErrors, explainingForeignData } from '../sqliteErrors.ts';

/** How long a statement waits for a lock before it fails with `locked`. */
const LOCK_WAIT_MS = 5000;
const READ_CACHE_KB = 16_384;
/** Indexes by reward or by verdict are written all over: their pages must not be read for every row. */
const WRITE_CACHE_KB = 65_536;
/** Pages of the log from which on it is folded into the file, 16 MB: most are written again before. */
const LOG_PAGES = 4096;

/**
 * No value of ours comes near: a pack holds what one batch of rollouts said, deflated. Node has known
 * these limits since 24.12; before, a value is as large as the file allows.
 */
const LIMITS = { limits: { length: 64 * 2 ** 20, sqlLength: 2 ** 20 } };

/** Creates the run.db of a new run, readable by its owner only. Throws ProblemError `exists` when there is one. */
export function createDatabase(path: string, information: RunInformation): DatabaseSync {
  if (existsSync(path)) {
    throw new ProblemError({
      code: 'exists',
      message: `${path} exists already.`,
      remedy: 'Choose another run folder, or continue it with "azr resume".',
    });
  }
  // SQLite gives its journal files the mode of the database, so the mode must be right from the start.
  closeSync(openSync(path, 'wx', 0o600));
  const database = openForWriting(path);
  explainingErrors(path, () => {
    database.exec('BEGIN IMMEDIATE');
    for (const part of SCHEMA_PARTS) database.exec(part);
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
      `INSERT INTO run (id, created_at, protocol_version, seed, settings, departures, dialect, model_digest)
       VALUES (1, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      information.createdAt,
      information.protocolVersion,
      information.settings.seed,
      JSON.stringify(information.settings),
      JSON.stringify(information.departures),
      information.dialect,
      information.modelDigest,
    );
  if (information.evaluation !== undefined) insertEvaluation(database, information.evaluation);
}

/**
 * Opens an existing run.db. Throws ProblemError: `missing`, `not-a-run`, `newer-schema`, `corrupt` for a
 * schema that is not ours, and SQLite's own; ProblemError when a file of it is a link, a pipe or the like.
 */
export function openDatabase(path: string, access: 'read' | 'write'): DatabaseSync {
  const isThere = access === 'read' ? isPlainFile : isPlainFileOfOneName;
  // SQLite opens all of them, also to read: it would wait at a pipe for ever.
  for (const ending of ['-wal', '-shm', '-journal']) isThere(`${path}${ending}`);
  if (access === 'write') refuseJournal(path);
  if (!isThere(path)) {
    throw new ProblemError({
      code: 'missing',
      message: `There is no run database at ${path}.`,
      remedy: 'Name the folder of a run: it holds run.db.',
    });
  }
  return explainingForeignData(path, () => {
    const database = access === 'write' ? openForWriting(path) : openForReading(path);
    try {
      checkSchema(database, path);
    } catch (error) {
      database.close();
      throw error;
    }
    return database;
  });
}

/**
 * A run.db has a write-ahead log and never a rollback journal. A journal from elsewhere can name any
 * file of this user, which SQLite then deletes (https://sqlite.org/tempfiles.html, super-journals).
 */
function refuseJournal(path: string): void {
  const journal = `${path}-journal`;
  if (lstatSync(journal, { throwIfNoEntry: false }) === undefined) return;
  throw new ProblemError({
    code: 'corrupt',
    message: `${journal} was not made by AZR Studio, whose databases have no such journal.`,
    remedy: 'Do not use this run folder if it came from somebody else; otherwise delete that file.',
  });
}

function openForWriting(path: string): DatabaseSync {
  return configured(path, () => new DatabaseSync(path, { readOnly: false, ...LIMITS }), [
    'trusted_schema = OFF',
    `busy_timeout = ${String(LOCK_WAIT_MS)}`,
    'journal_mode = WAL',
    // FULL syncs the log at every commit, one sync per step: a committed step survives a power cut.
    'synchronous = FULL',
    `cache_size = -${String(WRITE_CACHE_KB)}`,
    `wal_autocheckpoint = ${String(LOG_PAGES)}`,
  ]);
}

function openForReading(path: string): DatabaseSync {
  return configured(path, () => openReadOnly(path), [
    `busy_timeout = ${String(LOCK_WAIT_MS)}`,
    'temp_store = MEMORY',
    // Pages of indexes are read again and again while one scrolls through millions of rows.
    `cache_size = -${String(READ_CACHE_KB)}`,
    // The file may come from anybody: its schema may call no function with side effects.
    'trusted_schema = OFF',
  ]);
}

/** The database with its pragmas; closed again where one of them meets a damaged file. Throws ProblemError. */
function configured(
  path: string,
  open: () => DatabaseSync,
  pragmas: readonly string[],
): DatabaseSync {
  return explainingErrors(path, () => {
    const database = open();
    try {
      for (const one of pragmas) database.exec(`PRAGMA ${one}`);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/**
 * A database with a write-ahead log wants a shared file beside it, also to be read. Where none can be
 * made, as on a disk that can only be read, nothing writes either, so the file is taken as it is.
 */
function openReadOnly(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: true, ...LIMITS });
  try {
    database.prepare('SELECT 1 FROM sqlite_schema').get();
    return database;
  } catch (error) {
    const log = statSync(`${path}-wal`, { throwIfNoEntry: false });
    // What stands in a log would be missed.
    if (!isUnwritablePlace(error) || (log !== undefined && log.size > 0)) return database;
    database.close();
    const asItIs = pathToFileURL(path);
    asItIs.searchParams.set('immutable', '1');
    return new DatabaseSync(asItIs, { readOnly: true, ...LIMITS });
  }
}

/** SQLite could not make the shared file: CANTOPEN or READONLY, https://sqlite.org/rescode.html. */
function isUnwritablePlace(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  return code === 14 || code === 8;
}

/** Throws when the run.db cannot be trusted or understood. */
function checkSchema(database: DatabaseSync, path: string): void {
  const applicationId = pragma(database, 'application_id');
  if (applicationId !== APPLICATION_ID) {
    throw new ProblemError({
      code: 'not-a-run',
      message: `${path} is not a run database.`,
      remedy: 'Name the folder of a run: it holds run.db.',
    });
  }
  const version = pragma(database, 'user_version');
  if (version > SCHEMA_VERSION) {
    throw new ProblemError({
      code: 'newer-schema',
      message: `${path} was written by a newer AZR Studio (schema ${String(version)}; this one reads up to ${String(SCHEMA_VERSION)}).`,
      remedy: 'Update AZR Studio, then open the run again.',
    });
  }
  if (version < SCHEMA_VERSION) throw notOurs(path, 'its version is missing');
  const foreign = foreignPart(database);
  if (foreign !== undefined) throw notOurs(path, foreign);
  const crowded = oversizedTable(database);
  if (crowded !== undefined) throw corruptError(path, `the table "${crowded}" holds too much`);
  const oversized = oversizedValue(database);
  if (oversized !== undefined) throw corruptError(path, `a value of "${oversized}" is too long`);
}

function notOurs(path: string, what: string): ProblemError {
  return new ProblemError({
    code: 'corrupt',
    message: `${path} does not have the tables of a run: ${what}.`,
    remedy: 'Restore the run folder from a copy, or start a new run.',
  });
}

function pragma(database: DatabaseSync, name: string): number {
  const row = database.prepare(`PRAGMA ${name}`).get();
  return Number(row?.[name] ?? 0);
}
