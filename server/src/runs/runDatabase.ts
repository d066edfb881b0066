/**
 * A run's database as a catalog looks at it: opened when there is something new to read, and kept
 * open only where somebody reads on.
 */
import { type OwnProblem, type Problem, ProblemError } from '../../protocol/problem.ts';
import { type Stats, statSync } from 'node:fs';

import { RunReader } from '../store/runReader.ts';
import { type RunFigures, RunFiguresReader } from './runFigures.ts';
import type { RunFolder } from '../runFolder/runFolder.ts';

export type DatabaseLook =
  | { readonly kind: 'none' }
  | { readonly kind: 'figures'; readonly figures: RunFigures }
  | { readonly kind: 'unreadable'; readonly problem: Problem };

/** Problems that go away by themselves, so that the next look tries again. */
const PASSING = new Set(['locked', 'input-output']);

export class RunDatabase {
  readonly #run: RunFolder;
  #open: { readonly reader: RunReader; readonly figures: RunFiguresReader } | undefined;
  #inode: number | undefined;
  #signature = '';
  #look: DatabaseLook = { kind: 'none' };
  /** Somebody has a reader, who may go on using it. */
  #isLent = false;
  #isFollowed = false;

  constructor(run: RunFolder) {
    this.#run = run;
  }

  /** What was found at the last look. */
  get look(): DatabaseLook {
    return this.#look;
  }

  /** Looks again where the files changed, or `mustLook`; true when something else is there now. */
  refresh(mustLook: boolean): boolean {
    const found = signatureOf(this.#run.database);
    if ('reason' in found) return this.#cannotLook(found.reason);
    const { inode, signature } = found;
    if (inode !== this.#inode) this.close();
    this.#inode = inode;
    const isPassing = this.#look.kind === 'unreadable' && PASSING.has(this.#look.problem.code);
    if (signature === this.#signature && !mustLook && !isPassing) return false;
    this.#signature = signature;
    const before = this.#look;
    this.#look = inode === undefined ? { kind: 'none' } : this.#read();
    return !isSameLook(before, this.#look);
  }

  /** A mount that went stale, or a folder that was closed to us; the next look tries again. */
  #cannotLook(reason: string): boolean {
    this.close();
    const before = this.#look;
    this.#look = { kind: 'unreadable', problem: notSeen(this.#run, reason) };
    return !isSameLook(before, this.#look);
  }

  /** Whether looks come often, as at a run under way, so that the database is better kept open. */
  follow(isFollowed: boolean): void {
    this.#isFollowed = isFollowed;
  }

  /** A reader that stays open until the database goes away. Throws ProblemError. */
  reader(): RunReader {
    this.#isLent = true;
    return this.#opened().reader;
  }

  close(): void {
    this.#open?.reader.close();
    this.#open = undefined;
  }

  #opened(): { readonly reader: RunReader; readonly figures: RunFiguresReader } {
    if (this.#open === undefined) {
      const reader = RunReader.open(this.#run.database);
      this.#open = { reader, figures: new RunFiguresReader(reader) };
    }
    return this.#open;
  }

  #read(): DatabaseLook {
    try {
      const figures = this.#opened().figures.read();
      if (!this.#isLent && !this.#isFollowed) this.close();
      return { kind: 'figures', figures };
    } catch (error) {
      this.close();
      return { kind: 'unreadable', problem: problemOfDatabase(error, this.#run) };
    }
  }
}

/** A foreign file may have the right tables and the wrong rows; whatever happens is one problem. */
function problemOfDatabase(error: unknown, run: RunFolder): Problem {
  if (error instanceof ProblemError) return error.toProblem();
  const reason = error instanceof Error ? error.message : String(error);
  return {
    code: 'corrupt',
    message: `${run.database} does not hold what a run holds: ${reason}`,
    remedy: 'Restore the run folder from a copy, or start a new run.',
  };
}

function notSeen({ database }: RunFolder, reason: string): OwnProblem {
  return {
    code: 'input-output',
    message: `${database} cannot be looked at: ${reason}.`,
    remedy: 'Check that its disk is there and that the folder is yours to read.',
  };
}

interface Signature {
  readonly inode: number | undefined;
  readonly signature: string;
}

/** The log is what a commit changes; the file itself changes when the log is folded into it. */
function signatureOf(database: string): Signature | { readonly reason: string } {
  let file: Stats | undefined;
  let log: Stats | undefined;
  try {
    file = statSync(database, { throwIfNoEntry: false });
    log = statSync(`${database}-wal`, { throwIfNoEntry: false });
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
  const logPart = log === undefined || log.size === 0 ? '' : `${log.size} ${log.mtimeMs}`;
  return {
    inode: file?.ino,
    signature: file === undefined ? '' : `${file.ino} ${file.size} ${file.mtimeMs} ${logPart}`,
  };
}

function isSameLook(left: DatabaseLook, right: DatabaseLook): boolean {
  if (left.kind === 'figures' && right.kind === 'figures') {
    return left.figures.shown.sequence === right.figures.shown.sequence;
  }
  return JSON.stringify(left) === JSON.stringify(right);
}
