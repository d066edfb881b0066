/** Starts the local engine for a run, or reaches the one that its settings name. */
import { isFailure } from '../../protocol/problem.ts';
import path from 'node:path';

import type { ServedEngine } from '../../protocol/engine.ts';
import { engineOrigin } from '../../protocol/engineKeys.ts';
import { connectEngine, openLocalEngine } from '../engine/openEngine.ts';
import { updatesOf } from '../method/training/optimizer.ts';
import { assetRoot } from '../machine/assets.ts';
import type { BoundKey } from '../machine/engineKeys.ts';
import { describeEngine } from '../machine/engineFacts.ts';
import { enginePython } from '../machine/enginePython.ts';
import { memoryDemand } from '../machine/memoryDemand.ts';
import { modelParameters } from '../machine/models/modelParameters.ts';
import type { PreparedRun } from './prepareRun.ts';
import type { RunFolder } from '../runFolder/runFolder.ts';

/** Where an engine keeps its checkpoints and writes its log. */
export type EngineFolders = Pick<RunFolder, 'checkpoints' | 'engineLog'>;

/** Opens engines, and sends `key` to its own origin only, whatever the settings of a run say. */
export function engineOpener(key: BoundKey | undefined) {
  return (prepared: PreparedRun, run: EngineFolders, signal: AbortSignal): Promise<ServedEngine> =>
    open(prepared, run, signal, key);
}

/** Opens engines that ask for no key. */
export const openEngine = engineOpener(undefined);

/** Rejects with a ProblemError, which may be about its Python. */
function open(
  { settings, model }: PreparedRun,
  run: EngineFolders,
  signal: AbortSignal,
  key: BoundKey | undefined,
): Promise<ServedEngine> {
  const { trainable, loraRank, loraAlpha, loraDropout, seed, engineUrl } = settings;
  const modelOptions = {
    ...{ trainable, loraRank, loraAlpha, loraDropout, seed, signal },
    memoryDemand: memoryDemand(settings),
  };
  if (engineUrl === 'local') {
    const pythonPath = enginePython();
    const opening = openLocalEngine({
      ...modelOptions,
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
    parameters: modelParameters(model.folder),
    server: settings.engineServer,
    updates: updatesOf(settings),
  });
}

/** An engine that ends at once does so mostly because of its Python, and then that is what to say. */
async function explainingPython(
  opening: Promise<ServedEngine>,
  pythonPath: string,
  signal: AbortSignal,
): Promise<ServedEngine> {
  try {
    return await opening;
  } catch (error) {
    if (isFailure(error, 'engine_ended')) {
      await describeEngine(pythonPath, signal);
    }
    throw error;
  }
}
