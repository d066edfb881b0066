/** What is started for a run sees no secret that it has no use for, and does not live in the run folder. */
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { startEngineProcess } from '../../server/src/engine/engineProcess.ts';
import { describeEngine } from '../../server/src/machine/engineFacts.ts';
import { launchDetached } from '../../server/src/runs/launchDetached.ts';

const MARKER = 'MARKER-OF-A-SECRET';

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'azr-secrets-')));
  for (const name of ['TINKER_API_KEY', 'AZR_ENGINE_KEYS', 'HF_TOKEN', 'OPENAI_API_KEY']) {
    vi.stubEnv(name, MARKER);
  }
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** A program that stands for a Python, tells where it is and what it was given, and ends. */
function tellingPython(): { readonly pythonPath: string; readonly told: () => string } {
  const pythonPath = path.join(folder, 'python');
  const file = path.join(folder, 'told');
  writeFileSync(pythonPath, `#!/bin/sh\n{ pwd; env; echo "$@"; } > '${file}'\nexit 1\n`, {
    mode: 0o755,
  });
  return { pythonPath, told: () => readFileSync(file, 'utf8') };
}

test('the local engine gets no key for other engines, and no token of the Hub', async () => {
  const { pythonPath, told } = tellingPython();
  await expect(
    startEngineProcess({
      ...{ modelFolder: 'model', checkpointFolder: folder, packageFolder: 'packages' },
      ...{ pythonPath, logPath: path.join(folder, 'engine.log') },
    }),
  ).rejects.toMatchObject({ code: 'engine_ended' });
  expect(told()).not.toContain(MARKER);
  expect(told()).toContain('AZR_ENGINE_TOKEN=');
  expect(told().split('\n')[0]).not.toBe(process.cwd());
  // Paths are those that were meant where the user is.
  expect(told()).toContain(`--model ${path.resolve('model')} --checkpoints ${folder}`);
  expect(told()).toContain(`PYTHONPATH=${path.resolve('packages')}\n`);
});

test('nor does the Python that is asked for its facts', async () => {
  const { pythonPath, told } = tellingPython();
  await expect(describeEngine(pythonPath)).rejects.toMatchObject({ code: 'no-engine-packages' });
  expect(told()).not.toContain(MARKER);
});

test('a detached runner lives in the top folder of the system, not in that of a run', async () => {
  const output = path.join(folder, 'output');
  await launchDetached({
    command: [process.execPath, '-p', 'process.cwd()'],
    logFile: output,
    environment: {},
  });
  await expect.poll(() => readFileSync(output, 'utf8').trim()).toBe(path.parse(folder).root);
});
