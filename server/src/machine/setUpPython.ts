/**
 * Makes the engine's Python environment for somebody who has no clone of AZR Studio: a virtual
 * environment with the packages that the engine's locks pin. The stamp is written last, so that an
 * environment whose making was cut short is known as one and made again.
 */
import { type ProblemCode, ProblemError } from '../../protocol/problem.ts';
import { readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { makeFolder } from '../files/makeFolder.ts';
import { execa } from 'execa';

import { installLocked, lockDigest } from '../python/lockedInstall.mjs';
import { pythonStart } from '../python/pythonStart.mjs';
import { assetRoot } from './assets.ts';
import { environmentStamp, interpreterIn, stampFile } from './enginePython.ts';
import { findPython } from './findPython.ts';

export interface SetUpOptions {
  /** Folder of the environment; it is deleted first when it holds an incomplete one. */
  readonly directory: string;
  /** Told what is being done, and every line of the programs that do it. */
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
  /** Folder with the `locks` of the packages to install; that of the engine when absent. */
  readonly engineFolder?: string;
}

/** Resolves with the environment's interpreter. Rejects with a ProblemError with a remedy. */
export async function setUpPython(asked: SetUpOptions): Promise<string> {
  const options = { ...asked, directory: path.resolve(asked.directory) };
  const { directory, onLine, signal, engineFolder = ownEngineFolder() } = options;
  const digest = lockDigest(engineFolder);
  const interpreter = interpreterIn(directory);
  const stamp = environmentStamp(directory);
  if (stamp === digest) {
    onLine(`The environment in ${directory} is complete.`);
    return interpreter;
  }
  if (stamp === undefined) await makeEnvironment(options);
  await rm(stampFile(directory), { force: true });
  onLine('Installing the packages of the engine; PyTorch alone can take several minutes.');
  const { failed, all } = await installLocked(engineFolder, (step, pythonArguments) => {
    if (step === 'pip-cpu') {
      onLine('Linux shows no GPU: PyTorch is taken without CUDA where that can be had.');
    }
    return run(interpreter, pythonArguments, options);
  });
  if (failed) throw diagnose('installing the packages of the engine', all);
  signal.throwIfAborted();
  await writeFile(stampFile(directory), digest);
  return interpreter;
}

function ownEngineFolder(): string {
  return path.join(assetRoot(), 'server', 'engine');
}

async function makeEnvironment(options: SetUpOptions): Promise<void> {
  const { directory, onLine, signal } = options;
  await requireOurs(directory);
  const { executable, version } = await findPython(signal);
  onLine(`Making an environment in ${directory} with Python ${version} (${executable}).`);
  try {
    await rm(directory, { recursive: true, force: true });
    makeFolder(path.dirname(directory));
  } catch (error) {
    throw diagnose(`making ${directory}`, error instanceof Error ? error.message : String(error));
  }
  const { failed, all } = await run(executable, ['-m', 'venv', directory], options);
  if (failed) throw diagnose('making the environment', all);
}

/** Deletes nothing that is not an environment. */
async function requireOurs(directory: string): Promise<void> {
  const names = await readdir(directory).catch((error: unknown): string[] => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw diagnose(`reading ${directory}`, error instanceof Error ? error.message : String(error));
  });
  if (names.length === 0 || names.includes('pyvenv.cfg')) return;
  throw new ProblemError({
    code: 'folder-in-use',
    message: `${directory} holds something else than a Python environment.`,
    remedy: 'Name another folder with --directory.',
  });
}

async function run(
  program: string,
  programArguments: readonly string[],
  { onLine, signal }: SetUpOptions,
): Promise<{ readonly failed: boolean; readonly all: string }> {
  const child = execa(program, programArguments, {
    ...pythonStart({ variables: { PYTHONUNBUFFERED: '1' }, keepsSecrets: true }),
    all: true,
    reject: false,
    stdin: 'ignore',
    cancelSignal: signal,
  });
  for await (const line of child.iterable({ from: 'all' })) onLine(line);
  const { all, failed } = await child;
  signal.throwIfAborted();
  return { failed, all };
}

interface Diagnosis {
  readonly code: ProblemCode;
  readonly pattern: RegExp;
  readonly happened: string;
  readonly remedy: string;
}

/** The words that Python and pip print; the first that fits decides, so that a cause wins over what follows from it. */
const DIAGNOSES: readonly Diagnosis[] = [
  {
    code: 'disk-full',
    pattern: /ENOSPC|No space left on device|Disk quota exceeded|\[Errno (?:28|122)\]/i,
    happened: 'the disk is full',
    remedy:
      'Free some space (the packages take 2 to 8 GB, depending on the build of PyTorch), or name another folder with --directory.',
  },
  {
    code: 'package-changed',
    pattern: /DO NOT MATCH THE HASHES/,
    happened: 'a package is not the one that AZR Studio pins, so it was not installed',
    remedy:
      'Try another package index (PIP_INDEX_URL) or another network. If it stays so, report it: somebody may have changed the package.',
  },
  {
    code: 'no-venv',
    pattern: /No module named (?:venv|ensurepip|pip)|ensurepip is not/i,
    happened: 'Python lacks its venv module',
    remedy:
      'On Debian or Ubuntu, as root: apt install python3-venv. Elsewhere, install a full Python and set AZR_PYTHON to its path. Then try again.',
  },
  {
    code: 'folder-not-writable',
    pattern: /EACCES|EROFS|EPERM|ENOTDIR|Permission denied|Read-only file system|Not a directory/i,
    happened: 'the folder cannot be made or written',
    remedy: 'Name a folder of your own with --directory.',
  },
  {
    code: 'network',
    pattern:
      /CERTIFICATE_VERIFY_FAILED|NewConnectionError|NameResolutionError|Max retries exceeded|Temporary failure in name resolution|Network is unreachable|Read timed out|ConnectTimeoutError|ProxyError/i,
    happened: 'the package index cannot be reached',
    remedy:
      'Check the network connection and, behind a proxy, the variables HTTPS_PROXY and PIP_CERT. Then try again.',
  },
  {
    code: 'no-package-for-platform',
    pattern: /No matching distribution found|Could not find a version that satisfies/i,
    happened: 'a package does not exist for this Python and platform',
    remedy:
      'Use a Python from 3.10 to 3.14 on 64-bit Linux, macOS or Windows: set AZR_PYTHON to its path and try again.',
  },
];

function diagnose(what: string, output: string): ProblemError {
  const found = DIAGNOSES.find(({ pattern }) => pattern.test(output));
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  return found === undefined
    ? new ProblemError({
        code: 'setup-failed',
        message: `While ${what}, something failed: ${last}`,
        remedy: 'Read the lines above it, then try again.',
      })
    : new ProblemError({
        code: found.code,
        message: `While ${what}: ${found.happened}. (${last.trim()})`,
        remedy: found.remedy,
      });
}
