/** Random damage to a run folder's files, and everything that this product then does with the folder. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

import { branchRun } from '../../server/src/run/branchRun.ts';
import { resumeRun } from '../../server/src/run/run.ts';
import { readRunFile } from '../../server/src/runFolder/runFile.ts';
import { runFolderAt } from '../../server/src/runFolder/runFolder.ts';
import { RunSteering } from '../../server/src/run/runSteering.ts';
import { problemOf } from '../../server/src/runFolder/runOutcome.ts';
import { mutated } from '../randomJson.ts';
import { askEverything } from '../store/askEverything.ts';
import { type CanaryTree, makeCanaryTree } from './canaryTree.ts';
import { makeHarmlessRun, makeModel } from './harmlessRun.ts';
import { listRun } from './listRun.ts';

const JSON_FILES = ['azr.json', 'runner.json', 'outcome.json', 'replay.json'];
const BINARY_FILES = ['run.db', 'run.db', 'run.db', 'run.db-wal', 'run.db-shm'];
const OUR_NAMES = [
  ...['run.db', 'run.db-wal', 'run.db-journal', 'runner.lock', 'checkpoints', 'logs'],
  ...['azr.json', 'runner.json', 'outcome.json', 'logs/engine.log', 'checkpoints/step-000001'],
];

export interface Round {
  /** What was done to the folder, in words. */
  readonly damages: readonly string[];
  /** Codes of what was refused. */
  readonly refusals: readonly string[];
  /** The longest single use, in milliseconds. */
  readonly longestMs: number;
}

/** A run folder that is damaged over and over, always from the same beginning. */
export class MutatedRun {
  readonly #folder: string;
  readonly #original: string;
  readonly #canaries: CanaryTree;
  readonly #random: () => number;

  /**
   * Works below `folder`. `model` is a model folder; the run's digest is of another one, so that a
   * resumption ends before it starts an engine or a sandbox.
   */
  constructor(folder: string, model: string, canaries: CanaryTree, random: () => number) {
    this.#folder = path.join(folder, 'mutated');
    this.#original = path.join(folder, 'original');
    this.#canaries = canaries;
    this.#random = random;
    makeHarmlessRun(this.#original, model);
    for (const name of JSON_FILES.slice(1)) {
      writeFileSync(path.join(this.#original, name), JSON.stringify(NOTES));
    }
  }

  /** Damages a fresh copy and uses it. Throws what is a defect. */
  async round(): Promise<Round> {
    rmSync(this.#folder, { recursive: true, force: true });
    cpSync(this.#original, this.#folder, { recursive: true });
    const damages: string[] = [];
    for (let count = 1 + this.#below(3); count > 0; count -= 1) damages.push(this.#damage());
    const refusals: string[] = [];
    let longestMs = 0;
    // A branch copies and syncs a whole database, which takes ten times as long as all else.
    const uses = this.#random() < 0.1 ? [...USES, branch, resume] : [...USES, resume];
    for (const use of uses) {
      const startedMs = performance.now();
      try {
        await use(this.#folder);
      } catch (error) {
        const { code, message } = problemOf(error);
        if (code === 'defect')
          throw new Error(`${damages.join('; ')}: ${message}`, { cause: error });
        refusals.push(code);
      }
      longestMs = Math.max(longestMs, performance.now() - startedMs);
    }
    return { damages, refusals, longestMs };
  }

  #damage(): string {
    const kind = this.#random();
    if (kind < 0.55) return this.#damageBytes(this.#one(BINARY_FILES));
    if (kind < 0.75) return this.#damageJson(this.#one(JSON_FILES));
    if (kind < 0.9) return this.#replaceName(this.#one(OUR_NAMES));
    return this.#cut(this.#one([...BINARY_FILES, ...JSON_FILES]));
  }

  #damageBytes(name: string): string {
    const bytes = this.#bytesOf(name);
    const count = 1 + this.#below(40);
    // Half of the time near the beginning, where the header and the schema are.
    const reach = this.#random() < 0.5 ? Math.min(bytes.length, 4096) : bytes.length;
    for (let change = 0; change < count && reach > 0; change += 1) {
      bytes[this.#below(reach)] = this.#below(256);
    }
    this.#put(name, bytes);
    return `${String(count)} bytes of ${name}`;
  }

  #damageJson(name: string): string {
    const value: unknown = JSON.parse(this.#bytesOf(name).toString());
    this.#put(name, JSON.stringify(mutated(value, this.#random)));
    return `values of ${name}`;
  }

  #replaceName(name: string): string {
    const place = path.join(this.#folder, name);
    // An earlier damage may have put something else in the place of its folder.
    for (const part of [path.dirname(place), place]) {
      if (part !== this.#folder) rmSync(part, { recursive: true, force: true });
    }
    mkdirSync(path.dirname(place), { recursive: true });
    const { documents, shellFile, run } = this.#canaries;
    const target = this.#one([documents, shellFile, path.join(run, 'run.db'), '/dev/zero', '..']);
    if (this.#random() < 0.8) symlinkSync(target, place);
    else mkdirSync(place);
    return `${name} -> ${target}`;
  }

  #cut(name: string): string {
    const bytes = this.#bytesOf(name);
    this.#put(name, bytes.subarray(0, this.#below(bytes.length + 1)));
    return `${name} cut`;
  }

  /** As it was before any damage; the log of a database, which there is none of, as zeros. */
  #bytesOf(name: string): Buffer {
    const file = path.join(this.#original, name);
    return existsSync(file) ? readFileSync(file) : Buffer.alloc(32 * this.#below(200));
  }

  /** In the place of whatever is there: an earlier damage may have put a link there. */
  #put(name: string, content: string | Uint8Array): void {
    const file = path.join(this.#folder, name);
    rmSync(file, { recursive: true, force: true });
    writeFileSync(file, content);
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  #one<Item>(items: readonly Item[]): Item {
    return items[this.#below(items.length)]!;
  }
}

/** A run to damage and the files beside it that are to stay as they are, below the empty folder `parent`. */
export function mutatedRunIn(
  parent: string,
  random: () => number,
): { readonly run: MutatedRun; readonly canaries: CanaryTree } {
  const model = path.join(parent, 'model');
  makeModel(model);
  const canaries = makeCanaryTree(path.join(parent, 'canaries'), model);
  const work = path.join(parent, 'work');
  mkdirSync(work);
  return { run: new MutatedRun(work, model, canaries, random), canaries };
}

/** Something of every kind of note. */
const NOTES = {
  ...{ kind: 'failed', problem: { code: 'x', message: 'x', remedy: 'x' } },
  ...{ source: '/nowhere', speed: 2, pid: 1, startedAt: '2026-01-02T03:04:05.000Z' },
  ...{ hostName: 'x', protocolVersion: 1, port: 9, token: '0'.repeat(64) },
};

/** Listing, asking, reading the run file. */
const USES: readonly ((folder: string) => unknown)[] = [
  (folder) => {
    listRun(runFolderAt(folder));
  },
  (folder) => {
    askEverything(path.join(folder, 'run.db'));
  },
  (folder) => readRunFile(path.join(folder, 'azr.json')),
];

function branch(folder: string): Promise<unknown> {
  const request = { parent: folder, step: undefined, changes: [{ steps: 9 }] };
  return branchRun({ ...request, folder: path.join(folder, 'branch') });
}

function resume(folder: string): Promise<unknown> {
  return resumeRun(folder, {
    openEngine: () => Promise.reject(new Error('No resumption comes as far as this.')),
    listener: () => undefined,
    steering: new RunSteering(),
  });
}
