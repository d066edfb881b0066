/**
 * A folder of somebody else holds Python modules by the names that the product imports. Whatever is
 * started in it, and whatever is resumed from it, runs none of them.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { RunEvent } from '../../server/protocol/events.ts';
import type { RunOverview } from '../../server/protocol/runs.ts';
import { enginePython } from '../../server/src/machine/enginePython.ts';
import { RunCatalog } from '../../server/src/runs/runCatalog.ts';
import { azr, startAzr } from '../cli/azr.ts';
import { programPath } from '../programs/programs.ts';
import { canaryAt, type Canary } from './plantedModules.ts';

const SMALL = [
  ...['--steps', '2', '--seed', '5', '--set', 'seedTasks=2', '--set', 'proposalsPerMode=2'],
  ...['--set', 'estimationRollouts=2', '--set', 'checkpointEverySteps=1', '--set', 'probe=none'],
  ...['--set', 'learnabilityGate=false'],
  ...['--set', 'goldOptimizer=adamw'],
];
/** Two starts of the engine. */
const ENGINE_TEST_MS = 300_000;

let place: string;
let foreign: string;
let canary: Canary;
let environment: Record<string, string>;

beforeAll(() => {
  place = mkdtempSync(path.join(tmpdir(), 'azr-foreign-'));
  foreign = path.join(place, 'foreign');
  canary = canaryAt(path.join(place, 'canary'));
  canary.plantIn(foreign);
  // PYTHONSAFEPATH does nothing in Python 3.10: what protects must not be that alone.
  const likeOldPython = path.join(place, 'python-without-safe-path');
  writeFileSync(likeOldPython, `#!/bin/sh\nunset PYTHONSAFEPATH\nexec '${enginePython()}' "$@"\n`, {
    mode: 0o755,
  });
  environment = {
    ...{ AZR_PYTHON: likeOldPython, PYTHONSAFEPATH: '', XDG_DATA_HOME: path.join(place, 'data') },
    // As a careless profile has it: the empty entry is the working folder.
    ...{ PYTHONPATH: `${path.delimiter}.`, PYTHONUSERBASE: '.', PYTHONSTARTUP: 'random.py' },
    ...{ PIP_NO_INDEX: '1', PIP_FIND_LINKS: '', PIP_CONFIG_FILE: '/dev/null', PIP_RETRIES: '0' },
  };
});

beforeEach(() => {
  canary.reset();
});

afterAll(() => {
  rmSync(place, { recursive: true, force: true, maxRetries: 5 });
});

test('the planted modules do run where Python is started carelessly', () => {
  const env = { ...process.env, PYTHONSAFEPATH: '' };
  spawnSync(enginePython(), ['-c', 'import random'], { cwd: foreign, env });
  expect(canary.touchedBy()).toContain('random');
});

describe('in a folder of somebody else', () => {
  test.each([
    ['azr doctor', ['doctor'], 'engine'],
    ['azr models', ['models'], 'azr-nano'],
    ['azr models get of a file', ['models', 'get', 'weights.gguf'], 'weights.gguf'],
    ['azr setup', ['setup', '--directory', 'environment'], 'Installing the packages'],
  ])('%s runs none of its modules', async (_name, command, said) => {
    writeFileSync(path.join(foreign, 'weights.gguf'), 'no model');
    const { stdout, stderr } = await azr(command, { folder: foreign, environment });
    expect(stdout + stderr).toContain(said);
    expect(canary.touchedBy()).toEqual([]);
  });
});

describe('a run', () => {
  const catalogs: RunCatalog[] = [];

  afterEach(async () => {
    for (const catalog of catalogs.splice(0)) await catalog.dispose();
  });

  test(
    'in a folder of somebody else, and resumed from one in a window, runs none of their modules',
    async () => {
      const runs = path.join(foreign, 'runs');
      const folder = path.join(runs, 'given');
      mkdirSync(runs);
      const started = startAzr(['run', ...SMALL, '--directory', folder, '--json'], {
        folder: foreign,
        environment,
      });
      started.stdin.end();
      const exit = once(started, 'exit');
      let complaint = '';
      started.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
      let steps = 0;
      for await (const line of createInterface(started.stdout)) {
        const event = JSON.parse(line) as RunEvent;
        if (event.kind === 'phase') steps = Math.max(steps, event.step);
        if (steps === 2) started.kill('SIGKILL');
      }
      await exit;
      expect([steps, complaint]).toEqual([2, '']);
      expect(canary.touchedBy()).toEqual([]);

      canary.plantIn(folder);
      const ended: RunOverview[] = [];
      const catalog = new RunCatalog({
        searchFolders: [runs],
        cliProgram: [process.execPath, programPath('cli')],
        pythonPath: '',
        engineKeys: new Map(),
        onChange: () => undefined,
        onEnded: (run) => ended.push(run),
      });
      catalogs.push(catalog);
      for (const [name, value] of Object.entries(environment)) process.env[name] = value;
      try {
        await catalog.scan();
        const [run] = catalog.overviews();
        await catalog.resume(run!.id, new AbortController().signal);
        await expect.poll(() => ended.at(-1)?.state, { timeout: 120_000 }).toBe('finished');
      } finally {
        for (const name of Object.keys(environment)) Reflect.deleteProperty(process.env, name);
      }
      expect(canary.touchedBy()).toEqual([]);
    },
    ENGINE_TEST_MS,
  );
});
