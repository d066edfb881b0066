/** Starts the local engine for a run, or reaches the one that its settings name. */
import path from 'node:path';

import { connectEngine, openLocalEngine } from '../engine/openEngine.ts';
import { assetRoot } from './assets.ts';
import { enginePython } from './enginePython.ts';
import type { EngineOpener } from './run.ts';

/** Holds the key for an engine at an address; the run file is no place for secrets. */
const API_KEY_VARIABLE = 'TINKER_API_KEY';

/** Rejects with an EngineError that carries a remedy. */
export const openEngine: EngineOpener = ({ settings, model }, run, signal) => {
  const { trainable, loraRank, loraAlpha, seed, engineUrl } = settings;
  const modelOptions = { trainable, loraRank, loraAlpha, seed, signal };
  if (engineUrl === 'local') {
    return openLocalEngine({
      ...modelOptions,
      modelFolder: model.folder,
      checkpointFolder: run.checkpoints,
      pythonPath: enginePython(),
      packageFolder: path.join(assetRoot(), 'server', 'engine', 'src'),
      logPath: path.join(run.logs, 'engine.log'),
    });
  }
  return connectEngine({
    ...modelOptions,
    url: engineUrl,
    apiKey: process.env[API_KEY_VARIABLE] ?? '',
    tokenizerFolder: model.folder,
  });
};
