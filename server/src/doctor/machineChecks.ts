/** What a run needs of the machine, each looked at by using it, and what to do where it is missing. */
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { availableParallelism, freemem } from 'node:os';
import path from 'node:path';

import { ProblemError } from '../../protocol/problem.ts';
import type { DoctorCheck } from '../../protocol/runs.ts';
import type { SandboxDescription } from '../../protocol/sandbox.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import { describeNeeds, remedyFor } from '../engine/memoryNeeds.ts';
import { FolderTokenizer } from '../engine/tokenizer/tokenizer.ts';
import { askMemoryNeeds } from '../machine/askMemoryNeeds.ts';
import { describeEngine, type EngineFacts } from '../machine/engineFacts.ts';
import { chosenPython } from '../machine/enginePython.ts';
import { machineMemoryMb } from '../machine/knownDevice.ts';
import { memoryDemand } from '../machine/memoryDemand.ts';
import { readSafetensorsHeader } from '../files/safetensorsFile.ts';
import { inspectModel } from '../machine/models/inspectModel.ts';
import { EMBEDDED_MODEL } from '../machine/models/modelFolder.ts';
import { openGrader } from '../run/openGrader.ts';
import { type PreparedRun, prepareNewRun } from '../run/prepareRun.ts';
import { readRunFile, RUN_FILE_NAME } from '../runFolder/runFile.ts';
import { problemOf } from '../runFolder/runOutcome.ts';
import { completeSettings, type PartialSettings } from '../settings/settings.ts';

/** Its `remedy` is present exactly when its status is not `ok`. */
export interface MachineCheck extends DoctorCheck {
  /** Present on the check of the sandbox, when there is one. */
  readonly sandbox?: SandboxDescription;
}

export interface CheckOptions {
  /** Python of the engine; empty or absent to find one. */
  readonly pythonPath?: string;
  /** Whose disk is looked at; absent for the working folder. */
  readonly folder?: string;
  /** What is set for the run in question, of rising precedence; absent for the folder's run file. */
  readonly layers?: readonly PartialSettings[];
}

const OLDEST_NODE = [22, 13] as const;
const MEMORY_WANTED_MB = 3000;
const DISK_WANTED_MB = 1000;

/** Runs all checks, the slow ones side by side. */
export async function checkMachine(options: CheckOptions = {}): Promise<MachineCheck[]> {
  const { pythonPath = '', folder = process.cwd() } = options;
  const python = chosenPython(pythonPath);
  const layers = options.layers ?? [];
  const settings = completeSettings(layers, 'defaults');
  const facts = describeEngine(python);
  const preparing = runInQuestion(folder, layers);
  const [engine, disk, sandbox, model, plan] = await Promise.all([
    checkEngine(python, facts),
    checkDisk(folder),
    checkSandbox(settings),
    checkModel(python, facts, preparing),
    checkPlan(python, facts, preparing),
  ]);
  return [checkNode(), engine, checkCores(), checkMemory(), disk, sandbox, model, ...plan];
}

function checkNode(): MachineCheck {
  const detail = process.versions.node;
  const [major = 0, minor = 0] = detail.split('.').map(Number);
  const isNewEnough =
    major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  return isNewEnough
    ? { name: 'node', status: 'ok', detail }
    : {
        name: 'node',
        status: 'failed',
        detail,
        remedy: `Install Node ${OLDEST_NODE.join('.')} or newer.`,
      };
}

async function checkEngine(python: string, facts: Promise<EngineFacts>): Promise<MachineCheck> {
  try {
    const { versions, device, deviceName, memoryMb, freeMemoryMb } = await facts;
    const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
    const devices = {
      cuda: `${deviceName ?? 'GPU'} with ${memoryMb ?? 0} MiB, ${freeMemoryMb ?? 0} MiB of them free`,
      mps: 'Apple GPU',
      cpu: 'CPU',
    };
    const detail = `${packages.join(', ')} on ${devices[device]} (${python})`;
    return { name: 'engine', status: 'ok', detail };
  } catch (error) {
    return failed('engine', error);
  }
}

function checkCores(): MachineCheck {
  return { name: 'cores', status: 'ok', detail: String(availableParallelism()) };
}

function checkMemory(): MachineCheck {
  const totalMb = machineMemoryMb();
  const freeMb = Math.min(totalMb, Math.round(freemem() / 2 ** 20));
  const detail = `${totalMb} MiB, ${freeMb} MiB free`;
  return totalMb >= MEMORY_WANTED_MB
    ? { name: 'memory', status: 'ok', detail }
    : {
        name: 'memory',
        status: 'warning',
        detail,
        remedy: `The embedded model needs about ${MEMORY_WANTED_MB} MiB: close other programs, or use a larger machine.`,
      };
}

async function checkDisk(folder: string): Promise<MachineCheck> {
  const { bavail, bsize } = await statfs(folder);
  const freeMb = Math.round((bavail * bsize) / 2 ** 20);
  const detail = `${freeMb} MiB free in ${folder}`;
  return freeMb >= DISK_WANTED_MB
    ? { name: 'disk', status: 'ok', detail }
    : {
        name: 'disk',
        status: 'warning',
        detail,
        remedy: `A run and its checkpoints need about ${DISK_WANTED_MB} MiB: free some, or work in another folder.`,
      };
}

async function checkSandbox(settings: RunSettings): Promise<MachineCheck> {
  try {
    const open = await openGrader(settings);
    const { sandbox } = open;
    try {
      const execution = await sandbox.run('def f(a):\n    return a + a', '21');
      const { description } = sandbox;
      const detail = `${description.engine}, Python ${description.pythonVersion}`;
      if (execution.output === '42') {
        return { name: 'sandbox', status: 'ok', detail, sandbox: description };
      }
      return {
        name: 'sandbox',
        status: 'failed',
        detail: `${detail}: 21 + 21 gave ${execution.outcome}, ${execution.message ?? ''}`,
        remedy: 'Try again while less runs on the machine; if it keeps failing, report it.',
      };
    } finally {
      await open.close();
    }
  } catch (error) {
    return failed('sandbox', error);
  }
}

/** Of the run in question: whether its engine could load the model, and its tokenizer works. */
async function checkModel(
  python: string,
  facts: Promise<EngineFacts>,
  preparing: Promise<PreparedRun>,
): Promise<MachineCheck> {
  const name = 'model';
  try {
    const { settings, model } = await preparing;
    const tokenizer = await FolderTokenizer.load(model.folder);
    tokenizer.close();
    const detail = `${settings.model} in ${model.folder}`;
    // The embedded model is ours, and is known to load; what is missing of it was missing from the start.
    if (settings.model === EMBEDDED_MODEL) requireWeights(model.folder);
    else if (settings.engineUrl === 'local' && (await isThere(facts))) {
      await inspectModel(python, model.folder);
    }
    return { name, status: 'ok', detail };
  } catch (error) {
    return failed(name, error);
  }
}

/** False where the check of the engine tells already that it is not. */
async function isThere(facts: Promise<EngineFacts>): Promise<boolean> {
  try {
    await facts;
    return true;
  } catch {
    return false;
  }
}

function requireWeights(folder: string): void {
  const file = path.join(folder, 'model.safetensors');
  const header = existsSync(file) ? readSafetensorsHeader(file) : undefined;
  if (header !== undefined && 'tensors' in header) return;
  throw new ProblemError({
    code: 'invalid-model',
    message:
      header === undefined
        ? `${folder} has no weights (model.safetensors).`
        : `${file} cannot be used: ${header.damage.reason}.`,
    remedy: 'Install AZR Studio again: the embedded model is part of it.',
  });
}

/** The run that is asked for, else that of the folder's run file, else one of the embedded model. */
async function runInQuestion(
  folder: string,
  asked: readonly PartialSettings[],
): Promise<PreparedRun> {
  const file = path.join(folder, RUN_FILE_NAME);
  const ofFolder = asked.length === 0 && existsSync(file) ? [await readRunFile(file)] : [];
  return prepareNewRun([...ofFolder, ...asked], file);
}

/** What it would take of the device. Nothing where another check tells already what is missing. */
async function checkPlan(
  python: string,
  facts: Promise<EngineFacts>,
  preparing: Promise<PreparedRun>,
): Promise<MachineCheck[]> {
  const name = 'plan';
  try {
    const { settings, model } = await preparing;
    if (settings.engineUrl !== 'local') return [];
    const question = { model: model.folder, demand: memoryDemand(settings) };
    const needs = (await askMemoryNeeds(python, await facts, [question]))(question);
    if ('code' in needs) return [];
    const detail = `${path.basename(settings.model)}, ${settings.trainable}: ${describeNeeds(needs)}`;
    if (needs.fits) return [{ name, status: 'ok', detail }];
    return [{ name, status: 'failed', detail, remedy: remedyFor(needs) }];
  } catch {
    // The run itself is told of by the check of the model, and Python by that of the engine.
    return [];
  }
}

function failed(name: string, error: unknown): MachineCheck {
  const { message, remedy } = problemOf(error);
  return { name, status: 'failed', detail: message, remedy };
}
