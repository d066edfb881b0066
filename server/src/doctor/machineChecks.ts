/** What a run needs of the machine, each looked at by using it, and what to do where it is missing. */
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { availableParallelism, freemem } from 'node:os';
import path from 'node:path';

import type { DoctorCheck } from '../../protocol/runs.ts';
import type { SandboxDescription } from '../../protocol/sandbox.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import { describePlan, planMemory, waysToFit } from '../engine/memoryPlan.ts';
import { describeEngine, type EngineFacts } from '../machine/engineFacts.ts';
import { chosenPython } from '../machine/enginePython.ts';
import { knownDevice, machineMemoryMb } from '../machine/knownDevice.ts';
import { memoryDemand } from '../machine/memoryDemand.ts';
import { EMBEDDED_MODEL, openModelFolder } from '../machine/models/modelFolder.ts';
import { modelShape } from '../machine/models/modelShape.ts';
import { openGrader } from '../run/openGrader.ts';
import { prepareNewRun } from '../run/prepareRun.ts';
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
  const [engine, disk, sandbox, model, plan] = await Promise.all([
    checkEngine(python, facts),
    checkDisk(folder),
    checkSandbox(settings),
    checkModel(),
    checkPlan(facts, folder, layers),
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

async function checkModel(): Promise<MachineCheck> {
  try {
    const { folder } = await openModelFolder(EMBEDDED_MODEL);
    if (existsSync(path.join(folder, 'model.safetensors'))) {
      return { name: 'model', status: 'ok', detail: `${EMBEDDED_MODEL} in ${folder}` };
    }
    return {
      name: 'model',
      status: 'failed',
      detail: `${folder} has no weights (model.safetensors).`,
      remedy: 'Install AZR Studio again: the embedded model is part of it.',
    };
  } catch (error) {
    return failed('model', error);
  }
}

/**
 * What the run that is asked for, else that of the folder's run file, else one of the embedded model,
 * would take of the device. Nothing where another check tells already what is missing.
 */
async function checkPlan(
  facts: Promise<EngineFacts>,
  folder: string,
  asked: readonly PartialSettings[],
): Promise<MachineCheck[]> {
  const name = 'plan';
  try {
    const file = path.join(folder, RUN_FILE_NAME);
    const ofFolder = asked.length === 0 && existsSync(file) ? [await readRunFile(file)] : [];
    const { settings, model } = await prepareNewRun([...ofFolder, ...asked], file);
    const shape = modelShape(model.folder);
    if (shape === undefined || settings.engineUrl !== 'local') return [];
    const device = knownDevice(await facts);
    const demand = memoryDemand(settings);
    const plan = planMemory(shape, demand, device);
    const detail = `${path.basename(settings.model)}, ${settings.trainable}: ${describePlan(plan)}`;
    if (plan.fits) return [{ name, status: 'ok', detail }];
    const remedy = `One of these makes it fit: ${waysToFit(shape, demand, device).join('; ')}.`;
    return [{ name, status: 'failed', detail, remedy }];
  } catch (error) {
    const isToldByEngine = ['no-python', 'no-engine-packages'].includes(problemOf(error).code);
    return isToldByEngine ? [] : [failed(name, error)];
  }
}

function failed(name: string, error: unknown): MachineCheck {
  const { message, remedy } = problemOf(error);
  return { name, status: 'failed', detail: message, remedy };
}
