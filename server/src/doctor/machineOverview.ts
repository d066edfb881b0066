/** What can be started on this machine: its device, and the models and run files at hand. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';

import type { Problem } from '../../protocol/problem.ts';
import { PACKAGED_MODEL } from '../../protocol/modelNames.ts';
import type { MachineOverview, StartChoice } from '../../protocol/runs.ts';
import type { ModelShape } from '../engine/memoryPlan.ts';
import { planMemory } from '../engine/memoryPlan.ts';
import { engineFacts } from '../machine/engineFacts.ts';
import { chosenPython } from '../machine/enginePython.ts';
import { EMBEDDED_MODEL, openModelFolder } from '../machine/models/modelFolder.ts';
import { memoryDemand } from '../machine/memoryDemand.ts';
import { modelShape } from '../machine/models/modelShape.ts';
import { knownModels, namedModelFolder } from '../machine/models/namedModel.ts';
import { openGrader } from '../run/openGrader.ts';
import { prepareNewRun } from '../run/prepareRun.ts';
import { readRunFile, RUN_FILE_NAME } from '../runFolder/runFile.ts';
import { gibibytes, type KnownDevice, knownDevice } from '../machine/knownDevice.ts';
import { problemOf } from '../runFolder/runOutcome.ts';
import { completeSettings, type PartialSettings } from '../settings/settings.ts';

/** Levels of folders below the workspace folder in which models are looked for. */
const MODEL_DEPTH = 3;
const MAXIMUM_FOLDERS = 2_000;
/** As its configuration and its weights say once it is fetched: SmolLM2-135M-Instruct. */
const PACKAGED_SHAPE: ModelShape = {
  parameters: 134_515_008,
  ...{ layers: 30, hidden: 576, intermediate: 1536, queryWidth: 576, keyWidth: 192 },
  ...{ vocabulary: 49_152, contextTokens: 8192 },
};
const NEVER_MODELS = new Set(['node_modules', 'runs', 'checkpoints', '__pycache__']);

export interface MachineRequest {
  /** A workspace folder whose run file and models are offered too. */
  readonly folder?: string;
  /** Python of the engine; empty or absent to find one. */
  readonly pythonPath?: string;
}

/** Takes seconds the first time, because it asks the engine's Python. Never rejects. */
export async function machineOverview(request: MachineRequest = {}): Promise<MachineOverview> {
  const { folder, pythonPath = '' } = request;
  const python = chosenPython(pythonPath);
  const [facts, sandboxProblem] = await Promise.all([
    engineFacts(python).catch(problemOf),
    findSandboxProblem(),
  ]);
  const isKnown = !('code' in facts);
  const problem = isKnown ? sandboxProblem : facts;
  const device = knownDevice(isKnown ? facts : { device: 'cpu' });
  const choices = [
    ...(folder === undefined ? [] : await runFileChoices(folder, device)),
    await embeddedChoice(device),
    ...(await namedChoices(device)),
    ...(folder === undefined ? [] : await modelChoices(folder, device)),
  ];
  return { device: device.text, choices, ...(problem !== undefined && { problem }) };
}

let sandboxWasThere = false;

/** Opens the sandbox that a run would have by default; once it was there, it stays. */
async function findSandboxProblem(): Promise<Problem | undefined> {
  if (sandboxWasThere) return undefined;
  try {
    const opened = await openGrader(completeSettings([], 'defaults'));
    await opened.close();
    sandboxWasThere = true;
    return undefined;
  } catch (error) {
    return problemOf(error);
  }
}

async function embeddedChoice(device: KnownDevice): Promise<StartChoice> {
  const model = await openModelFolder(EMBEDDED_MODEL);
  const shape = modelShape(model.folder);
  const choice = { kind: 'model', value: EMBEDDED_MODEL, label: EMBEDDED_MODEL } as const;
  const what = 'embedded, no download, learns on a CPU';
  if (shape === undefined) return { ...choice, detail: `It is ${what}`, fits: true };
  const demand = memoryDemand(completeSettings([model.defaults], 'defaults'));
  const { wantedMb, fits } = planMemory(shape, demand, device);
  return { ...choice, detail: `Needs ${neededText(wantedMb, device)}; ${what}`, fits };
}

/** A run file that cannot be used is offered with what is wrong, so that it is not just missing. */
async function runFileChoices(folder: string, device: KnownDevice): Promise<StartChoice[]> {
  const file = path.join(folder, RUN_FILE_NAME);
  if (!existsSync(file)) return [];
  const choice = { kind: 'run-file', value: file, label: RUN_FILE_NAME } as const;
  try {
    const { settings, model } = await prepareNewRun([await readRunFile(file)], file);
    const name = path.basename(settings.model);
    const run = `${name}, preset ${settings.preset}, ${settings.steps} steps, seed ${settings.seed}`;
    if (settings.engineUrl !== 'local') {
      return [{ ...choice, detail: `${run}; engine at ${settings.engineUrl}`, fits: true }];
    }
    const shape = modelShape(model.folder);
    if (shape === undefined) return [{ ...choice, detail: run, fits: true }];
    const { wantedMb, fits } = planMemory(shape, memoryDemand(settings), device);
    return [{ ...choice, detail: `${run}; needs ${neededText(wantedMb, device)}`, fits }];
  } catch (error) {
    const [first = ''] = problemOf(error).message.split('\n');
    return [{ ...choice, detail: `Cannot be used: ${first}`, fits: false }];
  }
}

async function modelChoices(folder: string, device: KnownDevice): Promise<StartChoice[]> {
  const found = await findModels(folder);
  return found.map(([modelFolder, shape]) => ({
    kind: 'model',
    value: modelFolder,
    label: path.relative(folder, modelFolder) || path.basename(modelFolder),
    ...needsOf(shape, {}, device),
  }));
}

/** Models that were fetched, and the small one that can be. */
async function namedChoices(device: KnownDevice): Promise<StartChoice[]> {
  const choices: StartChoice[] = [];
  for (const name of knownModels()) {
    const { folder, defaults } = await openModelFolder(name);
    const shape = modelShape(folder);
    if (shape === undefined) continue;
    choices.push({ kind: 'model', value: name, label: name, ...needsOf(shape, defaults, device) });
  }
  if (namedModelFolder(PACKAGED_MODEL) === undefined) {
    const { detail, fits } = needsOf(PACKAGED_SHAPE, {}, device);
    choices.push({
      ...{ kind: 'model', value: PACKAGED_MODEL, label: PACKAGED_MODEL, mustFetch: true },
      ...{ detail: `${detail}; 93 MB to download`, fits },
    });
  }
  return choices;
}

function neededText(wantedMb: number, device: KnownDevice): string {
  return `up to ${gibibytes(wantedMb)} of ${gibibytes(device.memoryMb)}`;
}

/** What a model needs beside what there is. First: a list of choices may have no room for the rest. */
function needsOf(
  shape: ModelShape,
  defaults: PartialSettings,
  device: KnownDevice,
): Pick<StartChoice, 'detail' | 'fits'> {
  const demand = memoryDemand(completeSettings([defaults], 'defaults'));
  const adapters = planMemory(shape, { ...demand, trainable: 'lora' }, device);
  const everything = planMemory(shape, { ...demand, trainable: 'full' }, device);
  const needs = `Adapters need up to ${gibibytes(adapters.wantedMb)}, all weights ${gibibytes(everything.wantedMb)}`;
  return {
    detail: `${needs}, of ${gibibytes(device.memoryMb)}; ${parameterText(shape)}`,
    fits: adapters.fits,
  };
}

/** Breadth first, so that what lies near is found before a large tree uses up the limit. */
async function findModels(folder: string): Promise<[string, ModelShape][]> {
  const models: [string, ModelShape][] = [];
  let level = [path.resolve(folder)];
  let looked = 0;
  for (let depth = 0; depth <= MODEL_DEPTH; depth += 1) {
    const next: string[] = [];
    for (const candidate of level) {
      looked += 1;
      if (looked > MAXIMUM_FOLDERS) return models;
      const size = modelShape(candidate);
      if (size === undefined) next.push(...(await foldersIn(candidate)));
      else models.push([candidate, size]);
    }
    level = next;
  }
  return models;
}

async function foldersIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map(({ name }) => name)
      .filter((name) => !name.startsWith('.') && !NEVER_MODELS.has(name))
      .map((name) => path.join(folder, name));
  } catch {
    return [];
  }
}

function parameterText({ parameters }: ModelShape): string {
  return parameters >= 1e9
    ? `${(parameters / 1e9).toFixed(1)} B parameters`
    : `${(parameters / 1e6).toFixed(1)} M parameters`;
}
