/** `azr attach` on a run that somebody else started, as VS Code does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { RunCatalog } from '../../server/src/runs/runCatalog.ts';
import type { RunFolder } from '../../server/src/runFolder/runFolder.ts';
import { readRunnerAddress, stalenessOf } from '../../server/src/runFolder/runnerAddress.ts';
import { RunReader } from '../../server/src/store/runReader.ts';
import { azr, jsonLines, startAzr } from './azr.ts';
import { programPath } from '../programs/programs.ts';
import { writeScriptedModel } from '../run/fixtures/scriptedModel.ts';

const NODE = [process.execPath, '--disable-warning=ExperimentalWarning'];
const SCRIPTED = programPath('scriptedCli');
const AZR = programPath('cli');
const LONG = { timeout: 20_000, interval: 50 };

let folder: string;
let model: string;
let catalog: RunCatalog;
let run: RunFolder;
let children: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-attach-'));
  model = writeScriptedModel(folder);
  children = [];
  catalog = new RunCatalog({
    searchFolders: [folder],
    cliProgram: [...NODE, SCRIPTED],
    pythonPath: '',
    engineKeys: new Map(),
    onChange: () => undefined,
    onEnded: () => undefined,
  });
});

afterEach(async () => {
  await catalog.dispose();
  for (const child of children) child.kill('SIGKILL');
  const address = readRunnerAddress(run);
  if (address !== undefined && stalenessOf(address) === undefined) {
    process.kill(address.pid, 'SIGKILL');
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function startRun(steps = 100_000): Promise<void> {
  const { signal } = new AbortController();
  const runId = await catalog.start({ parentFolder: folder, settings: { model, steps } }, signal);
  ({ folder: run } = catalog.run(runId));
}

function lastStep(): number {
  const reader = RunReader.open(run.database);
  const { lastStep: step } = reader.counters();
  reader.close();
  return step;
}

describe('azr attach', () => {
  test('shows every step once, and leaves the run at work when its watcher leaves', async () => {
    await startRun();
    await expect.poll(lastStep, LONG).toBeGreaterThan(2);
    const watcher = startAzr(['attach', '--json'], { folder });
    children.push(watcher);
    const exit = once(watcher, 'exit');
    const steps: number[] = [];
    let notice = '';
    for await (const line of createInterface(watcher.stdout)) {
      const event = JSON.parse(line) as { kind: string; step: number; message: string };
      if (event.kind === 'step' && steps.push(event.step) === 40) watcher.kill('SIGINT');
      if (event.kind === 'notice') notice = event.message;
    }
    expect(await exit).toEqual([0, null]);
    // Steps of before anybody watched, then those that came, without a gap or a repetition.
    expect(steps).toEqual(steps.map((_, index) => steps[0]! + index));
    const { pid } = readRunnerAddress(run)!;
    expect(notice).toContain(`The run goes on, in process ${String(pid)}`);
    const then = lastStep();
    await expect.poll(lastStep, LONG).toBeGreaterThan(then + 1);
  });

  test('with --stop ends the run after its step, and says what came of it', async () => {
    await startRun();
    await expect.poll(lastStep, LONG).toBeGreaterThan(0);
    const { code, stdout, stderr } = await azr(['attach', run.folder, '--stop'], { folder });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('finishes its step, saves a checkpoint and stops');
    expect(stdout).toContain(`continue     azr resume ${run.folder}`);
    expect(readRunnerAddress(run)).toBeUndefined();
    const reader = RunReader.open(run.database);
    expect(reader.checkpoints().at(-1)?.step).toBe(reader.counters().lastStep);
    reader.close();
  });

  test('on a terminal takes keys: p pauses and goes on, s stops', async () => {
    await startRun();
    await expect.poll(lastStep, LONG).toBeGreaterThan(0);
    const runState = () => catalog.overviews()[0]?.state;
    // `script` gives the program a terminal of its own.
    const line = [...NODE, AZR, 'attach', run.folder].map((part) => `'${part}'`).join(' ');
    const terminal = spawn('script', ['-qec', `stty cols 100 rows 40; ${line}`, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.push(terminal);
    let screen = '';
    terminal.stdout.on('data', (data: Buffer) => {
      screen += data.toString('utf8');
    });
    const exit = once(terminal, 'exit');
    await expect.poll(() => screen, LONG).toContain('s stops after the step');
    terminal.stdin.write('p');
    await expect.poll(runState, LONG).toBe('paused');
    await expect.poll(() => screen, LONG).toContain('The run is paused');
    terminal.stdin.write('p');
    await expect.poll(runState, LONG).toBe('running');
    terminal.stdin.write('s');
    await expect.poll(runState, LONG).toBe('stopped');
    expect(await exit).toEqual([0, null]);
    // The first screen is given back with the last frame on it.
    expect(screen).toContain('\u001b[?1049l');
    expect(screen.slice(screen.indexOf('\u001b[?1049l'))).toContain('Stopped after step');
  });

  test('on a killed runner says how it goes on', async () => {
    await startRun();
    const watcher = startAzr(['attach', run.folder], { folder });
    children.push(watcher);
    const [stderr, exit] = [text(watcher.stderr), once(watcher, 'exit')];
    await once(watcher.stdout, 'data');
    process.kill(readRunnerAddress(run)!.pid, 'SIGKILL');
    expect(await exit).toEqual([1, null]);
    expect(await stderr).toMatch(/ended without saying why\.\n.*resume the run/);

    const late = await azr(['attach', run.folder, '--json'], { folder });
    expect(late.code).toBe(1);
    expect(jsonLines(late.stdout)).toEqual([
      { error: expect.objectContaining({ code: 'runner-gone' }) as object },
    ]);
    const nowhere = await azr(['attach'], { folder });
    expect(nowhere.stderr).toContain('No run in this folder is being worked on.');
  });
});
