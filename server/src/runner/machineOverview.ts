/** What can be started on this machine: its device, and the models and run files at hand. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import path from 'node:path';

import type { MachineOverview, Problem, StartChoice } from '../../protocol/runs.ts';
import { type EngineFacts, engineFacts } from './engineFacts.ts';
import { enginePython } from './enginePython.ts';
import { EMBEDDED_MODEL, openModelFolder } from './modelFolder.ts';
import { memoryWanted, type ModelSize, modelSize } from './modelMemory.ts';
import { openGrader } from './openGrader.ts';
import { prepareNewRun } from './prepareRun.ts';
import { readRunFile, RUN_FILE_NAME } from './runFile.ts';
import { problemOf } from './runOutcome.ts';
import { completeSettings } from './settings.ts';

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
  const python = pythonPath === '' ? enginePython() : pythonPath;
  const [facts, sandboxProblem] = await Promise.all([
    engineFacts(python).catch(problemOf),
    findSandboxProblem(),
  ]);
  const isKnown = !('code' in facts);
  const problem = isKnown ? sandboxProblem : facts;
  const device: DeviceMemory = isKnown ? deviceMemory(facts) : deviceMemory({ device: 'cpu' });
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

interface DeviceMemory {
  readonly device: EngineFacts['device'];
  readonly memoryMb: number;
  readonly text: string;
}

function deviceMemory(facts: Omit<EngineFacts, 'versions'>): DeviceMemory {
  // Inside a container its limit counts, not the machine's memory.
  const limit = process.constrainedMemory();
  const ownMb = Math.round(Math.min(totalmem(), limit > 0 ? limit : Infinity) / 2 ** 20);
  const { device, deviceName, memoryMb = ownMb } = facts;
  const names = { cuda: deviceName ?? 'GPU', mps: 'Apple GPU', cpu: 'CPU' };
  const cores = device === 'cuda' ? '' : `, ${availableParallelism()} cores`;
  return { device, memoryMb, text: `${names[device]}${cores}, ${gibibytes(memoryMb)}` };
}

async function embeddedChoice(device: DeviceMemory): Promise<StartChoice> {
  const model = await openModelFolder(EMBEDDED_MODEL);
  const size = modelSize(model.folder);
  const parameters = size === undefined ? '' : `${parameterText(size)}, `;
  return {
    kind: 'model',
    value: EMBEDDED_MODEL,
    label: EMBEDDED_MODEL,
    detail: `Embedded model, ${parameters}nothing to download; learns on a CPU within minutes`,
    fits: size === undefined || memoryWanted(size, 'full', device.device) <= device.memoryMb,
  };
}

/** A run file that cannot be used is offered with what is wrong, so that it is not just missing. */
async function runFileChoices(folder: string, device: DeviceMemory): Promise<StartChoice[]> {
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
    const size = modelSize(model.folder);
    if (size === undefined) return [{ ...choice, detail: run, fits: true }];
    const wantedMb = memoryWanted(size, settings.trainable, device.device);
    const wants = `wants about ${gibibytes(wantedMb)}`;
    return [{ ...choice, detail: `${run}; ${wants}`, fits: wantedMb <= device.memoryMb }];
  } catch (error) {
    const [first = ''] = problemOf(error).message.split('\n');
    return [{ ...choice, detail: `Cannot be used: ${first}`, fits: false }];
  }
}

async function modelChoices(folder: string, device: DeviceMemory): Promise<StartChoice[]> {
  const found = await findModels(folder);
  return found.map(([modelFolder, size]) => {
    const loraMb = memoryWanted(size, 'lora', device.device);
    const fullMb = memoryWanted(size, 'full', device.device);
    const fits = loraMb <= device.memoryMb;
    const wants = `adapters want about ${gibibytes(loraMb)}, all weights ${gibibytes(fullMb)}`;
    return {
      kind: 'model',
      value: modelFolder,
      label: path.relative(folder, modelFolder) || path.basename(modelFolder),
      detail: `${parameterText(size)}: ${wants}${fits ? '' : `; there are ${gibibytes(device.memoryMb)}`}`,
      fits,
    };
  });
}

/** Breadth first, so that what lies near is found before a large tree uses up the patience. */
async function findModels(folder: string): Promise<[string, ModelSize][]> {
  const models: [string, ModelSize][] = [];
  let level = [path.resolve(folder)];
  let looked = 0;
  for (let depth = 0; depth <= MODEL_DEPTH; depth += 1) {
    const next: string[] = [];
    for (const candidate of level) {
      looked += 1;
      if (looked > MAXIMUM_FOLDERS) return models;
      const size = modelSize(candidate);
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

function parameterText({ parameters }: ModelSize): string {
  return parameters >= 1e9
    ? `${(parameters / 1e9).toFixed(1)} B parameters`
    : `${(parameters / 1e6).toFixed(1)} M parameters`;
}

function gibibytes(mebibytes: number): string {
  const gib = mebibytes / 1024;
  return `${gib < 10 ? gib.toFixed(1) : Math.round(gib)} GiB`;
}
