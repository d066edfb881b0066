/** What a run needs of the machine, each looked at by using it, and what to do where it is missing. */
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { availableParallelism, freemem, totalmem } from 'node:os';
import path from 'node:path';

import { execa } from 'execa';

import type { SandboxDescription } from '../../protocol/sandbox.ts';
import { enginePython, PYTHON_VARIABLE } from '../runner/enginePython.ts';
import { EMBEDDED_MODEL, openModelFolder } from '../runner/modelFolder.ts';
import { openGrader } from '../runner/openGrader.ts';
import { completeSettings } from '../runner/settings.ts';
import { failureData } from './failure.ts';

export interface MachineCheck {
  readonly name: string;
  readonly status: 'ok' | 'warning' | 'failed';
  readonly detail: string;
  /** Present exactly when the status is not `ok`. */
  readonly remedy?: string;
  /** Present on the check of the sandbox, when there is one. */
  readonly sandbox?: SandboxDescription;
}

const OLDEST_NODE = [22, 13] as const;
const MEMORY_WANTED_MB = 3000;
const DISK_WANTED_MB = 1000;

/** Runs all checks, the slow ones side by side. */
export async function checkMachine(): Promise<MachineCheck[]> {
  const [engine, disk, sandbox, model] = await Promise.all([
    checkEngine(),
    checkDisk(),
    checkSandbox(),
    checkModel(),
  ]);
  return [checkNode(), engine, checkCores(), checkMemory(), disk, sandbox, model];
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

const DESCRIBE_ENGINE = `
import json, platform
versions = {"python": platform.python_version()}
import torch, transformers, peft, safetensors
versions.update(torch=torch.__version__, transformers=transformers.__version__, peft=peft.__version__)
if torch.cuda.is_available():
    free, total = torch.cuda.mem_get_info()
    device = f"{torch.cuda.get_device_name()} with {total >> 20} MiB, {free >> 20} MiB of them free"
elif torch.backends.mps.is_available():
    device = "Apple GPU"
else:
    device = "CPU"
print(json.dumps({"versions": versions, "device": device}))
`;

async function checkEngine(): Promise<MachineCheck> {
  const python = enginePython();
  const { stdout, stderr, failed } = await execa(python, ['-c', DESCRIBE_ENGINE], {
    reject: false,
    timeout: 120_000,
  });
  if (failed) {
    const reason = stderr === '' ? 'it does not start' : stderr;
    return {
      name: 'engine',
      status: 'failed',
      detail: `${python}: ${reason.trim().split('\n').at(-1) ?? ''}`,
      remedy: `Run the set-up again ("npm start"), or set ${PYTHON_VARIABLE} to a Python 3.10 or newer with torch, transformers, peft and safetensors.`,
    };
  }
  const { versions, device } = JSON.parse(stdout) as {
    versions: Record<string, string>;
    device: string;
  };
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return {
    name: 'engine',
    status: 'ok',
    detail: `${packages.join(', ')} on ${device} (${python})`,
  };
}

function checkCores(): MachineCheck {
  return { name: 'cores', status: 'ok', detail: String(availableParallelism()) };
}

function checkMemory(): MachineCheck {
  // Inside a container its limit counts, not the machine's memory.
  const limit = process.constrainedMemory();
  const totalMb = Math.round(Math.min(totalmem(), limit > 0 ? limit : Infinity) / 2 ** 20);
  const freeMb = Math.min(totalMb, Math.round(freemem() / 2 ** 20));
  const detail = `${totalMb} MiB, ${freeMb} MiB free`;
  return totalMb >= MEMORY_WANTED_MB
    ? { name: 'memory', status: 'ok', detail }
    : {
        name: 'memory',
        status: 'warning',
        detail,
        remedy: `The embedded model wants about ${MEMORY_WANTED_MB} MiB: close other programs, or use a larger machine.`,
      };
}

async function checkDisk(): Promise<MachineCheck> {
  const folder = process.cwd();
  const { bavail, bsize } = await statfs(folder);
  const freeMb = Math.round((bavail * bsize) / 2 ** 20);
  const detail = `${freeMb} MiB free in ${folder}`;
  return freeMb >= DISK_WANTED_MB
    ? { name: 'disk', status: 'ok', detail }
    : {
        name: 'disk',
        status: 'warning',
        detail,
        remedy: `A run and its checkpoints want about ${DISK_WANTED_MB} MiB: free some, or work in another folder.`,
      };
}

async function checkSandbox(): Promise<MachineCheck> {
  try {
    const open = await openGrader(completeSettings([], 'defaults'));
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
        remedy: 'Try again while less runs on the machine; if it stays so, report it.',
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

function failed(name: string, error: unknown): MachineCheck {
  const { message, remedy } = failureData(error);
  return { name, status: 'failed', detail: message, remedy: remedy ?? 'Please report this.' };
}
