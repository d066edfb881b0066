/** Starts the local engine for a run, or reaches the one that its settings name. */
import path from 'node:path';

import type { Engine } from '../../protocol/engine.ts';
import { EngineError } from '../engine/engineError.ts';
import { connectEngine, openLocalEngine } from '../engine/openEngine.ts';
import { adamOf, lossOf } from '../azr/update.ts';
import { assetRoot } from './assets.ts';
import { ENGINE_KEY_VARIABLE } from './engineKeys.ts';
import { describeEngine } from './engineFacts.ts';
import { enginePython } from './enginePython.ts';
import { machineMemoryMb } from './knownDevice.ts';
import { memoryDemand } from './memoryDemand.ts';
import { modelShape } from './modelShape.ts';
import type { EngineOpener } from './run.ts';

/** Rejects with an EngineError, or a RunnerError about its Python; both carry a remedy. */
export const openEngine: EngineOpener = ({ settings, model }, run, signal) => {
  const { trainable, loraRank, loraAlpha, loraDropout, seed, engineUrl } = settings;
  const modelOptions = { trainable, loraRank, loraAlpha, loraDropout, seed, signal };
  if (engineUrl === 'local') {
    const pythonPath = enginePython();
    const shape = modelShape(model.folder);
    const opening = openLocalEngine({
      ...modelOptions,
      ...(shape !== undefined && {
        memory: { shape, demand: memoryDemand(settings), machineMemoryMb: machineMemoryMb() },
      }),
      modelFolder: model.folder,
      checkpointFolder: run.checkpoints,
      pythonPath,
      packageFolder: path.join(assetRoot(), 'server', 'engine', 'src'),
      logPath: run.engineLog,
      processes: settings.engineProcesses,
    });
    return explainingPython(opening, pythonPath, signal);
  }
  return connectEngine({
    ...modelOptions,
    url: engineUrl,
    apiKey: process.env[ENGINE_KEY_VARIABLE] ?? '',
    model: settings.model,
    tokenizerFolder: model.folder,
    parameters: modelShape(model.folder)?.parameters,
    server: settings.engineServer,
    update: { loss: lossOf(settings), adam: adamOf(settings) },
  });
};

/** An engine that ends at once does so mostly because of its Python, and then that is what to say. */
async function explainingPython(
  opening: Promise<Engine>,
  pythonPath: string,
  signal: AbortSignal,
): Promise<Engine> {
  try {
    return await opening;
  } catch (error) {
    if (error instanceof EngineError && error.code === 'engine_ended') {
      await describeEngine(pythonPath, signal);
    }
    throw error;
  }
}
