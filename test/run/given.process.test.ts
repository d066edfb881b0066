/** Runs that take their tasks from a file or a generator, as the command line starts them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { generatedPrograms } from '../../server/src/run/given/generateTasks.ts';
import { completeSettings } from '../../server/src/settings/settings.ts';
import type { RunReader } from '../../server/src/store/runReader.ts';
import { FaultyWorld } from './faults/faultyWorld.ts';
import { readRun, rowsOf } from './rows.ts';

const SETTINGS = [
  ...['--seed', '11', '--set', 'proposalsPerMode=3', '--set', 'estimationRollouts=2'],
  ...['--set', 'checkpointEverySteps=1', '--set', 'probeEverySteps=2', '--set', 'probeSamples=1'],
];

let folder: string;
let world: FaultyWorld;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-given-'));
  world = new FaultyWorld(folder);
});

afterEach(() => {
  world.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** Programs, each with one input and its output. */
function writeTasks(name: string, count: number): string {
  const lines = Array.from({ length: count }, (_, index) => {
    // Constants are part of a structure, so each program is another one.
    const program = `def f(a):\n    return a * ${index} + 1`;
    return JSON.stringify({ program, input: '2', output: String(2 * index + 1) });
  });
  const file = path.join(folder, name);
  writeFileSync(file, lines.join('\n'));
  return file;
}

function start(name: string, tasks: string, ...more: string[]): string[] {
  const own = ['--model', world.model, '--directory', name, '--set', `tasks=${tasks}`];
  return ['run', ...SETTINGS, ...own, ...more];
}

function read<Value>(name: string, use: (reader: RunReader) => Value): Value {
  return readRun(path.join(folder, name), use);
}

describe('a run on a file', () => {
  test('holds out a tenth of its programs, and is the same when it is stopped, the file is gone, and it goes on', async () => {
    const file = writeTasks('tasks.jsonl', 20);
    expect((await world.azr(start('whole', file, '--steps', '8'))).code).toBe(0);
    const { heldOut, tasks } = read('whole', (reader) => ({
      heldOut: [...reader.heldOutTasks()],
      tasks: [...reader.selfPlayTasks()],
    }));
    // 2 of 20 programs, both directions of each.
    expect(heldOut).toHaveLength(4);
    expect(new Set(heldOut.map(({ structure }) => structure)).size).toBe(2);
    expect(tasks).toHaveLength(36);
    expect(tasks.every(({ origin }) => origin === 'given')).toBe(true);
    const trained = new Set(tasks.map(({ structure }) => structure));
    for (const { structure } of heldOut) expect(trained).not.toContain(structure);

    const stopped = await world.azr(start('parted', file, '--steps', '8'), (event, child) => {
      if (event.kind === 'step' && event.step === 3) child.kill('SIGKILL');
    });
    expect(stopped.signal).toBe('SIGKILL');
    rmSync(file);
    expect((await world.azr(['resume', 'parted'])).code).toBe(0);
    expect(rowsOf(path.join(folder, 'parted'))).toEqual(rowsOf(path.join(folder, 'whole')));
  });

  test('goes on in a branch on another file, but not with proposals', async () => {
    const [first, second] = [writeTasks('one.jsonl', 20), writeTasks('two.jsonl', 60)];
    expect((await world.azr(start('parent', first, '--steps', '2'))).code).toBe(0);
    const branch = (name: string, tasks: string) =>
      world.azr([
        ...['run', '--branch', 'parent', '--directory', name, '--steps', '4'],
        ...['--set', `tasks=${tasks}`],
      ]);
    expect((await branch('other', second)).code).toBe(0);
    const kept = read('other', (reader) => [...reader.givenTasks()].length);
    expect(kept).toBe(120);
    // Its held-out programs are still those of the parent, and are not trained on, though the file has them.
    const { heldOut, tasks } = read('other', (reader) => ({
      heldOut: [...reader.heldOutTasks()].map(({ structure }) => structure),
      tasks: [...reader.selfPlayTasks()].map(({ structure }) => structure),
    }));
    expect(heldOut).toHaveLength(4);
    expect(tasks.filter((structure) => heldOut.includes(structure))).toEqual([]);
    expect((await branch('refused', 'model')).events.at(-1)).toMatchObject({
      code: 'cannot-branch',
    });
  });

  test('says what is wrong with it before anything is trained', async () => {
    const failing = async (name: string, content: string, ...more: string[]) => {
      writeFileSync(path.join(folder, `${name}.jsonl`), content);
      return (await world.azr(start(name, `${name}.jsonl`, '--steps', '2', ...more))).events.at(-1);
    };
    const program = JSON.stringify({ program: 'def f(a):\n    return a', input: '1', output: '1' });
    expect(await failing('json', `${program}\n{`)).toMatchObject({
      code: 'invalid-suite-data',
      message: expect.stringContaining('json.jsonl, line 2') as string,
    });
    expect(await failing('wrong', program.replace('"output":"1"', '"output":"2"'))).toMatchObject({
      code: 'invalid-suite-data',
      message: expect.stringContaining('does not come true') as string,
    });
    const words = JSON.stringify({ question: 'What is 2 + 2?', answer: '4' });
    expect(await failing('words', words)).toMatchObject({ code: 'unsuitable-tasks' });
    expect(await failing('one', program)).toMatchObject({ code: 'no-tasks' });
    expect(await failing('modes', program, '--set', 'modes=deduction,induction')).toMatchObject({
      code: 'no-tasks',
    });
    const task = { mode: 'deduction', program: 'def f(a):\n    return a', visible: 0 };
    const examples = [{ input: '1', output: '5' }];
    expect(await failing('task', JSON.stringify({ ...task, examples }))).toMatchObject({
      code: 'held-out-wrong',
      message: expect.stringContaining('Line 1') as string,
    });
    expect(
      (await world.azr(start('none', path.join(folder, 'no.jsonl'), '--steps', '2'))).events.at(-1),
    ).toMatchObject({ code: 'no-suite-data' });
  });
});

describe('the generator', () => {
  const settings = completeSettings([{ steps: 4, proposalsPerMode: 5, seed: 3 }], 'the test');
  const { signal } = new AbortController();

  test('writes as many tasks of each mode as the steps take, the same for the same seed', async () => {
    const tasks = await generatedPrograms(settings, signal);
    for (const mode of settings.modes) {
      expect(tasks.filter((task) => task.mode === mode)).toHaveLength(20);
    }
    expect(await generatedPrograms(settings, signal)).toEqual(tasks);
    const others = await generatedPrograms({ ...settings, seed: 4 }, signal);
    expect(others).not.toEqual(tasks);
  });

  test('says so where Python fails', async () => {
    const python = process.env['AZR_PYTHON'];
    process.env['AZR_PYTHON'] = process.execPath;
    try {
      await expect(generatedPrograms(settings, signal)).rejects.toMatchObject({
        code: 'no-python',
      });
    } finally {
      if (python === undefined) delete process.env['AZR_PYTHON'];
      else process.env['AZR_PYTHON'] = python;
    }
  });
});
