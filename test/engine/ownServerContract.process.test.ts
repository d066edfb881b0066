/** Our own server meets the contract. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll } from 'vitest';

import type { EngineProcess } from '../../server/src/engine/engineProcess.ts';
import { startEngineProcess } from '../../server/src/engine/engineProcess.ts';
import { connectEngine } from '../../server/src/engine/openEngine.ts';
import { enginePython } from '../../server/src/machine/enginePython.ts';
import { CONTRACT_MODEL, testEngineContract } from './engineContract.ts';

const root = path.resolve(import.meta.dirname, '..', '..');
const modelFolder = path.join(root, 'server', 'models', 'azr-nano');
const scratch = mkdtempSync(path.join(tmpdir(), 'azr-contract-'));
let server: EngineProcess | undefined;

afterAll(async () => {
  await server?.close();
  rmSync(scratch, { recursive: true });
});

testEngineContract(
  async () => {
    const started = await startEngineProcess({
      modelFolder,
      checkpointFolder: path.join(scratch, 'checkpoints'),
      pythonPath: enginePython(),
      packageFolder: path.join(root, 'server', 'engine', 'src'),
      logPath: path.join(scratch, 'engine.log'),
    });
    server = started;
    return {
      open: () =>
        connectEngine({
          url: started.url,
          apiKey: started.apiKey,
          tokenizerFolder: modelFolder,
          ...CONTRACT_MODEL,
        }),
      modelFolder,
      endToken: 1,
    };
  },
  { logProbability: 1e-4, gradientNorm: 1e-3, continued: 0 },
);
