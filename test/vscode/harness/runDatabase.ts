/** The rows of a run, read beside the extension: what the screen must agree with. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';

export type Row = Readonly<Record<string, SQLOutputValue>>;

/** The one run below `workspace`. */
export function runFolderOf(workspace: string): string {
  const runs = path.join(workspace, 'runs');
  const [name] = readdirSync(runs);
  if (name === undefined) throw new Error(`There is no run in ${runs}.`);
  return path.join(runs, name);
}

export function readRows(runFolder: string, query: string, ...values: (number | string)[]): Row[] {
  const database = new DatabaseSync(path.join(runFolder, 'run.db'), { readOnly: true });
  try {
    return database.prepare(query).all(...values);
  } finally {
    database.close();
  }
}

export function readRow(runFolder: string, query: string, ...values: (number | string)[]): Row {
  const [row] = readRows(runFolder, query, ...values);
  if (row === undefined) throw new Error(`No row: ${query}`);
  return row;
}
