/** A run at an address, started as a window starts it: the key is used, and is found nowhere afterwards. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, test } from 'vitest';

import type { RunOverview } from '../../server/protocol/runs.ts';
import type { EngineProcess } from '../../server/src/engine/engineProcess.ts';
import { startEngineProcess } from '../../server/src/engine/engineProcess.ts';
import { enginePython } from '../../server/src/machine/enginePython.ts';
import { RunCatalog } from '../../server/src/runs/runCatalog.ts';

const root = path.resolve(import.meta.dirname, '..', '..');
const CLI = [
  process.execPath,
  ...['--experimental-strip-types', '--disable-warning=ExperimentalWarning'],
  fileURLToPath(new URL('../../server/src/cli/main.ts', import.meta.url)),
];
/** As small as a run can be that still does everything. */
const SMALL = {
  ...{ steps: 1, seedTasks: 2, proposalsPerMode: 2, estimationRollouts: 2, probe: 'none' },
  ...{ learnabilityGate: false, maximumProposalTokens: 96, modes: ['deduction'] },
};

/** The engine once and the command line twice; on a machine that does other things each takes its time. */
const TEST_MS = 300_000;

let folder: string;
let place: string;
let server: EngineProcess;
let catalog: RunCatalog | undefined;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-key-'));
  place = mkdtempSync(path.join(tmpdir(), 'azr-key-server-'));
  server = await startEngineProcess({
    modelFolder: path.join(root, 'server', 'models', 'azr-nano'),
    checkpointFolder: path.join(place, 'checkpoints'),
    pythonPath: enginePython(),
    packageFolder: path.join(root, 'server', 'engine', 'src'),
    logPath: path.join(place, 'engine.log'),
  });
});

afterEach(async () => {
  await catalog?.dispose();
  await server.close();
  for (const made of [folder, place]) {
    rmSync(made, { recursive: true, force: true, maxRetries: 5 });
  }
});

function filesBelow(place: string): string[] {
  return readdirSync(place, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(place, name))
    .filter((file) => statSync(file).isFile());
}

test(
  'a marker key opens the engine and leaves no trace in the run folder or its logs',
  async () => {
    const ended: RunOverview[] = [];
    const open = (key: string): RunCatalog =>
      new RunCatalog({
        searchFolders: [folder],
        cliProgram: CLI,
        pythonPath: '',
        engineKeys: new Map([[server.url, key]]),
        onChange: () => undefined,
        onEnded: (run) => ended.push(run),
      });
    const request = {
      parentFolder: folder,
      settings: { ...SMALL, model: 'azr-nano', engineUrl: server.url },
    };
    const { signal } = new AbortController();

    const wrong = 'WRONG-MARKER-KEY';
    catalog = open(wrong);
    await expect(catalog.start(request, signal)).rejects.toMatchObject({
      code: 'engine_key_refused',
    });
    await catalog.dispose();

    catalog = open(server.apiKey);
    await expect(catalog.originWithoutKey(request)).resolves.toBeNull();
    await catalog.start(request, signal);
    await expect.poll(() => ended.at(-1)?.state, { timeout: 120_000 }).toBe('finished');

    const files = filesBelow(folder);
    expect(files.map((file) => path.basename(file))).toEqual(
      expect.arrayContaining(['run.db', 'runner.log', 'outcome.json']),
    );
    for (const file of files) {
      const content = readFileSync(file);
      expect([file, content.includes(server.apiKey), content.includes(wrong)]).toEqual([
        ...[file, false, false],
      ]);
    }
  },
  TEST_MS,
);
