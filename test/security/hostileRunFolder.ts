/**
 * What a stranger can put into a run folder, one trick at a time. Whatever reads or writes run folders
 * is tried with all of them, so that what is added later is tried too.
 */
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { modelDigest } from '../../server/src/machine/models/modelFolder.ts';
import type { CanaryTree } from './canaryTree.ts';
import { CHECKPOINT, makeHarmlessRun } from './harmlessRun.ts';
import { superJournal } from './superJournal.ts';

export interface Trick {
  /** Also the name of the folder that it is played in. */
  readonly name: string;
  /** Plays the trick on a harmless run in `folder`. */
  readonly play: (folder: string, canaries: CanaryTree) => void;
}

/** Texts that some reader or other takes for more than a text. */
export const HOSTILE_TEXT =
  '[Free GPUs](command:workbench.action.terminal.sendSequence?%7B%22text%22%3A%22id%5Cn%22%7D) ' +
  '$(sync~spin) <img src=x onerror=alert(1)> \u202E\u200B \u001B]52;c;aWQ=\u0007 \u009B2J ```\n# ' +
  "'); DROP TABLE task; -- \u0000 ${process.exit()} ../../etc/passwd %00 \uD800";

/** Columns of run.db that hold whatever a model, a program or an engine said. */
const FREE_TEXTS = new Set([
  ...[
    'program',
    'input',
    'message',
    'reason_message',
    'verdict_message',
    'answer',
    'output',
    'stdout',
  ],
  ...['exception_type', 'explanation', 'model_digest', 'created_at', 'started_at'],
]);

const FILES = [
  ...['run.db', 'run.db-wal', 'run.db-shm', 'run.db-journal', 'azr.json', 'runner.lock'],
  ...['runner.lock-journal', 'runner.json', 'outcome.json', 'replay.json'],
  ...['logs/engine.log', 'logs/runner.log', `checkpoints/${CHECKPOINT}/policy`],
];
/** Beside the checkpoints of a run, and not of a name that this product gives. */
export const FOREIGN_CHECKPOINTS = ['thesis', 'step-1', 'step-000001.old', '.step-000001.old'];
/** Of such a name, as an interrupted save leaves it. */
const ABANDONED_CHECKPOINT = `.step-000007.${'0123456789abcdef'.repeat(2)}`;
/** The same, with folders in it, as no save leaves it. */
export const NESTED_CHECKPOINT = `.step-000008.${'0123456789abcdef'.repeat(2)}`;
const FOLDERS = ['checkpoints', 'logs', `checkpoints/${CHECKPOINT}`];

/** Modules that a Python started here would import. */
const MODULES = ['torch', 'random', 'json', 'sitecustomize', 'usercustomize', 'transformers'];

function inPlaceOf(folder: string, name: string): string {
  const place = path.join(folder, name);
  rmSync(place, { recursive: true, force: true });
  return place;
}

function nameOf(kind: string, name: string): string {
  return `${kind}-${name.replaceAll('/', '-')}`;
}

const links: Trick[] = [
  ...FILES.map((name) => ({
    name: nameOf('link', name),
    play: (folder: string, { shellFile, run }: CanaryTree) => {
      const target = name === 'run.db' ? path.join(run, 'run.db') : shellFile;
      symlinkSync(target, inPlaceOf(folder, name));
    },
  })),
  ...FILES.map((name) => ({
    name: nameOf('dangling-link', name),
    play: (folder: string, canaries: CanaryTree) => {
      symlinkSync(path.join(canaries.folder, 'new-file'), inPlaceOf(folder, name));
    },
  })),
  ...['run.db', 'runner.lock', 'logs/engine.log', 'logs/runner.log'].map((name) => ({
    name: nameOf('hard-link', name),
    play: (folder: string, { shellFile, run }: CanaryTree) => {
      const target = name === 'run.db' ? path.join(run, 'run.db') : shellFile;
      linkSync(target, inPlaceOf(folder, name));
    },
  })),
  ...FOLDERS.map((name) => ({
    name: nameOf('link', name),
    play: (folder: string, { documents }: CanaryTree) => {
      symlinkSync(documents, inPlaceOf(folder, name));
    },
  })),
  {
    name: 'link-to-its-own-parent',
    play: (folder) => {
      symlinkSync('..', path.join(folder, 'checkpoints', 'step-000009'));
      symlinkSync('..', path.join(folder, 'checkpoints', 'loop'));
    },
  },
];

const endless: Trick[] = [
  ...FILES.map((name) => ({
    name: nameOf('pipe', name),
    play: (folder: string) => {
      execFileSync('mkfifo', [inPlaceOf(folder, name)]);
    },
  })),
  ...FILES.map((name) => ({
    name: nameOf('endless-device', name),
    play: (folder: string) => {
      symlinkSync('/dev/zero', inPlaceOf(folder, name));
    },
  })),
  ...['runner.json', 'outcome.json', 'replay.json', 'azr.json'].map((name) => ({
    name: nameOf('oversized', name),
    play: (folder: string) => {
      const text = `{"kind":"failed","padding":"${'x'.repeat(40 * 2 ** 20)}"}`;
      writeFileSync(path.join(folder, name), text);
    },
  })),
  {
    name: 'model-of-pipes-and-devices',
    play: (folder) => {
      const model = path.join(folder, 'model');
      mkdirSync(model);
      writeFileSync(path.join(model, 'config.json'), '{}');
      symlinkSync('/dev/zero', path.join(model, 'tokenizer.json'));
      symlinkSync('/dev/zero', path.join(model, 'tokenizer_config.json'));
      execFileSync('mkfifo', [path.join(model, 'chat_template.jinja')]);
      execFileSync('mkfifo', [path.join(model, 'model.safetensors')]);
      changeSettings(folder, { model });
    },
  },
  ...['/dev/zero', '/dev/stdin', '/proc/kmsg'].map((probe) => ({
    name: nameOf('held-out-tasks', probe),
    play: (folder: string) => {
      changeSettings(folder, { probe });
    },
  })),
];

const databases: Trick[] = [
  ...Object.entries({
    'generated-column':
      'ALTER TABLE run ADD COLUMN x TEXT GENERATED ALWAYS AS (hex(zeroblob(200000000))) VIRTUAL; UPDATE run SET settings = settings',
    trigger:
      "CREATE TRIGGER grow AFTER INSERT ON change BEGIN DELETE FROM task; INSERT INTO checkpoint VALUES (1000, '/etc'); END",
    'endless-view':
      'DROP TABLE metric; CREATE VIEW metric (name, step, value) AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 1, i, i FROM n',
    'expensive-index': 'CREATE INDEX slow ON session ((SELECT 1)) ; SELECT 1'.replace(
      '(SELECT 1)',
      'hex(zeroblob(100000000))',
    ),
    'virtual-table': 'CREATE VIRTUAL TABLE words USING fts5(word)',
    'slow-check':
      'DROP TABLE branch; CREATE TABLE branch (id INTEGER PRIMARY KEY CHECK (length(hex(zeroblob(200000000))) > id), parent TEXT NOT NULL, step INTEGER NOT NULL) STRICT',
    'oversized-settings': 'UPDATE run SET settings = hex(zeroblob(30000000))',
    'oversized-session': 'UPDATE session SET engine = hex(zeroblob(30000000))',
    'many-checkpoints': `${numbers(200_000)} INSERT INTO checkpoint SELECT i, 'checkpoints/step-' || i FROM n WHERE i > 10`,
    'many-starts': `${numbers(10_100)} INSERT INTO session SELECT i, 'x', i, '{}', '{}', '{}' FROM n WHERE i > 10`,
    'large-starts': `${numbers(40)} INSERT INTO session SELECT i, 'x', i, '"' || hex(zeroblob(500000)) || '"', '{}', '{}' FROM n WHERE i > 10`,
    'deep-examples': `UPDATE task SET examples = ${brackets(2_000_000)}`,
    'deep-departures': `UPDATE run SET departures = ${brackets(400_000)}`,
    'departures-of-nothing': `UPDATE run SET departures = '[null]'`,
    'checkpoint-elsewhere': "UPDATE checkpoint SET path = '../canaries/documents/step-000001'",
    'checkpoint-absolute': "UPDATE checkpoint SET path = '/etc'",
    'checkpoint-is-the-run': "UPDATE checkpoint SET path = 'checkpoints/..'",
    'checkpoint-is-everything': "UPDATE checkpoint SET path = 'checkpoints/.'",
  }).map(([name, sql]) => ({
    name,
    play: (folder: string) => {
      changeDatabase(folder, sql);
    },
  })),
  ...Object.entries({
    'settings-without-end': { steps: 1e15, proposalsPerMode: -1 },
    'limits-without-end': { wallMs: 4e9, cpuMs: 1e12, memoryMb: 1e6 },
    'modes-of-nothing': { modes: ['x'] },
    'imports-of-nothing': { allowedImports: ['os', { a: 1 }, 5] },
    'settings-that-contradict': { inductionInputs: 2, inductionVisible: 2 },
  }).map(([name, settings]) => ({
    name,
    play: (folder: string) => {
      changeSettings(folder, settings);
    },
  })),
  {
    name: 'hostile-texts-everywhere',
    play: (folder) => {
      writeHostileTexts(folder, () => true);
    },
  },
  {
    name: 'hostile-texts',
    play: (folder) => {
      writeHostileTexts(folder, (column) => FREE_TEXTS.has(column));
      changeSettings(folder, { preset: 'studio', model: HOSTILE_TEXT });
    },
  },
  {
    name: 'journal-that-deletes',
    play: (folder, { shellFile }) => {
      writeFileSync(path.join(folder, 'run.db-journal'), journalOf(folder, shellFile));
    },
  },
  {
    name: 'lock-journal-that-deletes',
    play: (folder, { shellFile }) => {
      const database = readFileSync(path.join(folder, 'run.db'));
      writeFileSync(path.join(folder, 'runner.lock'), database);
      writeFileSync(path.join(folder, 'runner.lock-journal'), journalOf(folder, shellFile));
    },
  },
  {
    name: 'replay-of-your-run',
    play: (folder, { run }) => {
      writeFileSync(path.join(folder, 'replay.json'), JSON.stringify({ source: run, speed: null }));
    },
  },
];

const names: Trick[] = [
  {
    name: 'foreign-files-among-checkpoints',
    play: (folder) => {
      for (const name of [...FOREIGN_CHECKPOINTS, ABANDONED_CHECKPOINT]) {
        const place = path.join(folder, 'checkpoints', name);
        mkdirSync(place);
        writeFileSync(path.join(place, 'weights.safetensors'), 'x');
      }
      mkdirSync(path.join(folder, 'checkpoints', NESTED_CHECKPOINT, 'a', 'b', 'c'), {
        recursive: true,
      });
    },
  },
  {
    name: 'our-names-in-other-cases',
    play: (folder, { shellFile, documents }) => {
      symlinkSync(documents, path.join(folder, 'Checkpoints'));
      symlinkSync(shellFile, path.join(folder, 'RUNNER.LOCK'));
      symlinkSync(shellFile, path.join(folder, 'Run.db'));
      symlinkSync(documents, path.join(folder, 'checkpoints', 'STEP-000001'));
    },
  },
  {
    name: 'python-modules',
    play: (folder, canaries) => {
      const code = `open(${JSON.stringify(path.join(canaries.folder, 'ran'))}, 'w').close()\n`;
      mkdirSync(path.join(folder, 'azr_engine'));
      for (const file of ['__init__.py', '__main__.py']) {
        writeFileSync(path.join(folder, 'azr_engine', file), code);
      }
      for (const module of MODULES) writeFileSync(path.join(folder, `${module}.py`), code);
    },
  },
];

export const TRICKS: readonly Trick[] = [...links, ...endless, ...databases, ...names];

/** Makes one run folder for each trick below `folder`; returns their paths. */
export async function makeHostileRuns(
  folder: string,
  model: string,
  canaries: CanaryTree,
): Promise<string[]> {
  // Of the right model, so that nothing but the trick is in the way of a resumption.
  const digest = await modelDigest(model);
  return TRICKS.map(({ name, play }) => {
    const run = path.join(folder, name);
    makeHarmlessRun(run, model, digest);
    play(run, canaries);
    return run;
  });
}

function journalOf(folder: string, victim: string): Buffer {
  const pages = readFileSync(path.join(folder, 'run.db')).readUInt32BE(28);
  return superJournal(victim, pages);
}

function changeDatabase(folder: string, sql: string): void {
  const database = new DatabaseSync(path.join(folder, 'run.db'));
  database.exec('PRAGMA journal_mode = DELETE');
  database.exec('PRAGMA writable_schema = ON; PRAGMA ignore_check_constraints = ON');
  database.exec(sql);
  database.close();
}

/** A table n of the integers up to `count`. */
function numbers(count: number): string {
  return `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${String(count)})`;
}

function brackets(depth: number): string {
  const side = (bracket: string): string =>
    `replace(hex(zeroblob(${String(depth / 2)})), '00', '${bracket}')`;
  return `${side('[')} || ${side(']')}`;
}

function changeSettings(folder: string, settings: object): void {
  const json = JSON.stringify(settings).replaceAll("'", "''");
  changeDatabase(folder, `UPDATE run SET settings = json_patch(settings, '${json}')`);
}

/** Every wanted column of text of every table says the same. */
function writeHostileTexts(folder: string, isWanted: (column: string) => boolean): void {
  const database = new DatabaseSync(path.join(folder, 'run.db'));
  const tables = database.prepare("SELECT name FROM pragma_table_list WHERE schema = 'main'").all();
  for (const table of tables.map(({ name }) => String(name))) {
    if (table.startsWith('sqlite_')) continue;
    const columns = database.prepare(`SELECT name, type FROM pragma_table_info('${table}')`).all();
    for (const { name, type } of columns) {
      if (type !== 'TEXT' || !isWanted(String(name))) continue;
      // Where a value is checked or has to be unique, what is there stays.
      try {
        database.prepare(`UPDATE ${table} SET ${String(name)} = ?`).run(HOSTILE_TEXT);
      } catch (error) {
        if (!String(error).includes('constraint')) throw error;
      }
    }
  }
  database.close();
}
