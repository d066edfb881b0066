/** Starts the local engine for a run, or reaches the one that its settings name. */
import path from 'node:path';

import type { Engine } from '../../protocol/engine.ts';
import { engineOrigin } from '../../protocol/engineKeys.ts';
import { EngineError } from '../engine/engineError.ts';
import { connectEngine, openLocalEngine } from '../engine/openEngine.ts';
import { updatesOf } from '../azr/update.ts';
import { assetRoot } from './assets.ts';
import type { BoundKey } from './engineKeys.ts';
import { describeEngine } from './engineFacts.ts';
import { enginePython } from './enginePython.ts';
import { machineMemoryMb } from './knownDevice.ts';
import { memoryDemand } from './memoryDemand.ts';
import { modelShape } from './modelShape.ts';
import type { PreparedRun } from './prepareRun.ts';
import type { EngineOpener } from './run.ts';
import type { RunFolder } from './runFolder.ts';

/** Opens engines, and sends `key` to its own origin only, whatever the settings of a run say. */
export function engineOpener(key: BoundKey | undefined): EngineOpener {
  return (prepared, run, signal) => open(prepared, run, signal, key);
}

/** Opens engines that ask for no key. */
export const openEngine = engineOpener(undefined);

/** Rejects with an EngineError, or a RunnerError about its Python; both carry a remedy. */
function open(
  { settings, model }: PreparedRun,
  run: RunFolder,
  signal: AbortSignal,
  key: BoundKey | undefined,
): Promise<Engine> {
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
    });
    return explainingPython(opening, pythonPath, signal);
  }
  return connectEngine({
    ...modelOptions,
    url: engineUrl,
    apiKey: key !== undefined && key.origin === engineOrigin(engineUrl) ? key.key : '',
    model: settings.model,
    tokenizerFolder: model.folder,
    parameters: modelShape(model.folder)?.parameters,
    server: settings.engineServer,
    updates: updatesOf(settings),
  });
}

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
