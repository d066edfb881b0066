/** A worker of the wasm engine that cannot start threads any more. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

import { HASH_SEEDS } from '../../server/src/sandbox/pool/sandboxServer.ts';
import { DEFAULT_SANDBOX_FOLDER, loadInterpreter } from '../../server/src/sandbox/wasm/artifact.ts';
import type { WorkerRequest, WorkerStart } from '../../server/src/sandbox/wasm/messages.ts';
import { FIRST_ROUND } from '../../server/src/sandbox/wasm/surroundings.ts';
import { programPath } from '../programs/programs.ts';

const TOKEN = '07'.repeat(16);

const BROKEN = 'throw new Error("there is no memory for it");';
const BROKEN_IN_THREADS = `import { isMainThread } from 'node:worker_threads';
if (!isMainThread) ${BROKEN}
await import('./bundle.mjs');`;

/** A worker whose program a test can replace; `text` is what it starts with, the worker's own by default. */
async function startWorker(text = "import './bundle.mjs';") {
  const folder = mkdtempSync(path.join(tmpdir(), 'azr-worker-'));
  const program = path.join(folder, 'worker.mjs');
  copyFileSync(programPath('sandboxWorker'), path.join(folder, 'bundle.mjs'));
  writeFileSync(program, text);
  const child = fork(program, [], {
    execArgv: ['--permission', '--allow-worker', `--allow-fs-read=${folder}`, '--no-warnings'],
    env: {},
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });
  let complaint = '';
  child.stderr!.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const { program: binary, bootSource } = await loadInterpreter(DEFAULT_SANDBOX_FOLDER);
  const seeds = (variant: 0 | 1) => ({
    ...{ hashSeed: HASH_SEEDS[variant], addressMask: 0, layoutSeed: 0 },
    host: FIRST_ROUND[variant],
  });
  const start: WorkerStart = {
    ...{ program: binary, bootSource, variants: [seeds(0), seeds(1)], prepared: {} },
  };
  child.send(start);
  return { child, program, complaint: () => complaint };
}

const request: WorkerRequest = {
  ...{ identifier: 2n, variant: 0, surroundings: FIRST_ROUND[0], token: TOKEN },
  bodies: [
    JSON.stringify({
      ...{ operation: 'run', program: 'def f(x):\n    while True: pass', inputs: ['3'] },
      ...{ nonce: TOKEN, outputCharacters: 100, stdoutCharacters: 100 },
    }),
  ],
  ...{ cpuMs: 100, wallMs: 300, memoryMb: 64, executions: 1, payloadBytes: 10_000 },
};

test('ends with the reason, instead of starting thread after thread', async () => {
  const { child, program, complaint } = await startWorker();
  await once(child, 'message');
  writeFileSync(program, BROKEN);
  // The program takes too long, its thread is ended, and no other can be had.
  child.send(request);
  const [code] = (await once(child, 'exit')) as [number];
  expect(code).toBe(1);
  expect(complaint()).toBe('No thread could be started: there is no memory for it\n');
}, 60_000);

test('is not ready where its first thread is not', async () => {
  const { child, complaint } = await startWorker(BROKEN_IN_THREADS);
  let isReady = false;
  child.on('message', () => (isReady = true));
  expect(((await once(child, 'exit')) as [number])[0]).toBe(1);
  expect({ isReady, complaint: complaint() }).toEqual({
    isReady: false,
    complaint: 'No thread could be started: there is no memory for it\n',
  });
}, 60_000);
