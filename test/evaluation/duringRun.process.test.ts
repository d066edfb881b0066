/** Benchmarks that a run is asked now and then, as the command line starts it. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { evaluationReport } from '../../server/src/runs/evaluationReport.ts';
import { readRunOutcome } from '../../server/src/runFolder/runOutcome.ts';
import { runFolderAt } from '../../server/src/runFolder/runFolder.ts';
import type { RunReader } from '../../server/src/store/runReader.ts';
import { FaultyWorld } from '../run/faults/faultyWorld.ts';
import { readRun, rowsOf } from '../run/rows.ts';

let folder: string;
let world: FaultyWorld;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-during-'));
  world = new FaultyWorld(folder);
  const lines = Array.from({ length: 6 }, (_, index) => ({
    program: `def f(a):\n    return a + ${index}`,
    input: '1',
    output: String(1 + index),
  }));
  writeFileSync(
    path.join(folder, 'items.jsonl'),
    lines.map((one) => JSON.stringify(one)).join('\n'),
  );
});

afterEach(() => {
  world.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

function start(name: string, evaluate: readonly string[]): string[] {
  return [
    ...['run', '--seed', '4', '--steps', '3', '--model', world.model, '--directory', name],
    ...['--set', 'seedTasks=2', '--set', 'proposalsPerMode=2', '--set', 'probe=none'],
    ...['--set', 'estimationRollouts=2', '--set', 'checkpointEverySteps=1'],
    ...['--set', 'checkpointsKept=5'],
    ...['--set', `evaluate=${JSON.stringify(evaluate)}`, '--set', 'evaluateEverySteps=2'],
    ...['--set', 'evaluateShare=1'],
  ];
}

function read<Value>(name: string, use: (reader: RunReader) => Value): Value {
  return readRun(path.join(folder, name), use);
}

test('its answers are an evaluation beside the run, and its rates a curve of the run', async () => {
  expect((await world.azr(start('mine', ['items.jsonl:4']))).code).toBe(0);
  const report = read('mine-eval-file', evaluationReport)!;
  expect(report.plan).toMatchObject({ suite: 'file', items: 4, samples: 0 });
  expect(report.tasks).toBe(4);
  const run = path.join(folder, 'mine');
  expect(report.results.map(({ subject }) => [subject.label, subject.runFolder])).toEqual(
    [0, 2, 3].map((step) => [`mine@${step}`, run]),
  );
  const curve = read('mine', (reader) => reader.metricSeries('evaluate.file'));
  expect(curve.map(({ step }) => step)).toEqual([0, 2, 3]);
  expect(curve.map(({ value }) => value)).toEqual(report.results.map(({ greedy }) => greedy.rate));
  expect(readRunOutcome(runFolderAt(path.join(folder, 'mine-eval-file')))).toEqual({
    kind: 'finished',
  });
  // Nothing of it is among the tasks of the run.
  expect(read('mine', (reader) => [...reader.heldOutTasks()])).toEqual([]);
});

test(
  'a run that is killed and goes on has asked as if it had not been',
  { timeout: 240_000 },
  async () => {
    expect((await world.azr(start('whole', ['items.jsonl']))).code).toBe(0);
    const killed = await world.azr(start('parted', ['items.jsonl']), (event, child) => {
      if (event.kind === 'step' && event.step === 2) child.kill('SIGKILL');
    });
    expect(killed.signal).toBe('SIGKILL');
    // Back before steps that were asked: they are done again, and asked again.
    const resumed = await world.azr(['resume', 'parted', '--back-to', '1']);
    expect(resumed.code).toBe(0);
    expect(rowsOf(path.join(folder, 'parted'))).toEqual(rowsOf(path.join(folder, 'whole')));
    expect(rowsOf(path.join(folder, 'parted-eval-file'))).toEqual(
      rowsOf(path.join(folder, 'whole-eval-file')),
    );
    const stepsOf = (name: string) =>
      read(name, evaluationReport)!.results.map(({ subject }) => subject.runStep);
    expect(stepsOf('parted-eval-file')).toEqual([0, 2, 3]);
  },
);

test('what cannot be asked is said before the run begins', async () => {
  const failing = async (name: string, ...evaluate: string[]) => {
    const { code, events } = await world.azr(start(name, evaluate));
    expect(code).not.toBe(0);
    expect(existsSync(path.join(folder, name, 'run.db'))).toBe(false);
    return events.at(-1);
  };
  expect(await failing('a', 'nothing')).toMatchObject({ code: 'unknown-suite' });
  expect(await failing('b', 'missing.jsonl')).toMatchObject({ code: 'no-suite-data' });
  expect(await failing('c', 'items.jsonl', 'other.jsonl')).toMatchObject({ code: 'usage' });
});
