/** What can be started on this machine: its device, and the models and run files at hand. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';

import type { Problem } from '../../protocol/problem.ts';
import type { MachineOverview, StartChoice } from '../../protocol/runs.ts';
import type { ModelShape } from '../engine/memoryPlan.ts';
import { planMemory } from '../engine/memoryPlan.ts';
import { engineFacts } from '../machine/engineFacts.ts';
import { chosenPython } from '../machine/enginePython.ts';
import { EMBEDDED_MODEL, openModelFolder } from '../machine/models/modelFolder.ts';
import { memoryDemand } from '../machine/memoryDemand.ts';
import { modelShape } from '../machine/models/modelShape.ts';
import { openGrader } from '../run/openGrader.ts';
import { prepareNewRun } from '../run/prepareRun.ts';
import { readRunFile, RUN_FILE_NAME } from '../runFolder/runFile.ts';
import { gibibytes, type KnownDevice, knownDevice } from '../machine/knownDevice.ts';
import { problemOf } from '../runFolder/runOutcome.ts';
import { completeSettings } from '../settings/settings.ts';

/** Levels of folders below the workspace folder in which models are looked for. */
const MODEL_DEPTH = 3;
const MAXIMUM_FOLDERS = 2_000;
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
  const parameters = shape === undefined ? '' : `${parameterText(shape)}, `;
  const demand = memoryDemand(completeSettings([model.defaults], 'defaults'));
  return {
    kind: 'model',
    value: EMBEDDED_MODEL,
    label: EMBEDDED_MODEL,
    detail: `Embedded model, ${parameters}nothing to download; learns on a CPU within minutes`,
    fits: shape === undefined || planMemory(shape, demand, device).fits,
  };
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
    return [{ ...choice, detail: `${run}; wants up to ${gibibytes(wantedMb)}`, fits }];
  } catch (error) {
    const [first = ''] = problemOf(error).message.split('\n');
    return [{ ...choice, detail: `Cannot be used: ${first}`, fits: false }];
  }
}

async function modelChoices(folder: string, device: KnownDevice): Promise<StartChoice[]> {
  const found = await findModels(folder);
  const demand = memoryDemand(completeSettings([], 'defaults'));
  return found.map(([modelFolder, size]) => {
    const adapters = planMemory(size, { ...demand, trainable: 'lora' }, device);
    const everything = planMemory(size, { ...demand, trainable: 'full' }, device);
    const { fits } = adapters;
    const wants = `adapters want up to ${gibibytes(adapters.wantedMb)}, all weights ${gibibytes(everything.wantedMb)}`;
    return {
      kind: 'model',
      value: modelFolder,
      label: path.relative(folder, modelFolder) || path.basename(modelFolder),
      detail: `${parameterText(size)}: ${wants}${fits ? '' : `; there are ${gibibytes(device.memoryMb)}`}`,
      fits,
    };
  });
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
