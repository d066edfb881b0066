/** Files that nothing may touch, compared bit by bit before and after. */
import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

import { makeHarmlessRun } from './harmlessRun.ts';

export interface CanaryTree {
  readonly folder: string;
  /** A text that a shell would run. */
  readonly shellFile: string;
  /** A folder of many files. */
  readonly documents: string;
  /** A run of the user's own. */
  readonly run: string;
}

/** A user's own things, beside a stranger's run folder. */
export function makeCanaryTree(folder: string, model: string): CanaryTree {
  const documents = path.join(folder, 'documents');
  const run = path.join(folder, 'run');
  mkdirSync(path.join(documents, 'step-000001'), { recursive: true });
  const shellFile = path.join(folder, 'shellrc');
  writeFileSync(shellFile, 'export PATH\n', { mode: 0o644 });
  for (const name of ['letter.txt', 'notes.md', 'step-000001/thesis.tex']) {
    writeFileSync(path.join(documents, name), `${name}\n`.repeat(100));
  }
  makeHarmlessRun(run, model);
  return { folder, shellFile, documents, run };
}

/** Left by whoever reads a database; they hold nothing. */
const OF_READERS = /run\.db-(shm|wal)$/;

/** What can be seen of every file below `folder`: by its path, kind, mode, size, time and content. */
export function snapshotOf(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  const look = (place: string): void => {
    const stats = lstatSync(place);
    if (OF_READERS.test(place) && stats.isFile()) return;
    const facts = [stats.mode.toString(8), stats.isDirectory() ? '' : stats.size, stats.nlink];
    if (stats.isFile()) facts.push(stats.mtimeMs, digestOf(readFileSync(place)));
    if (stats.isSymbolicLink()) facts.push(readlinkSync(place));
    found[path.relative(folder, place)] = facts.join(' ');
    if (stats.isDirectory()) {
      for (const name of readdirSync(place).sort()) look(path.join(place, name));
    }
  };
  look(folder);
  return found;
}

function digestOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
