/**
 * Makes the engine's Python environment for somebody who has no clone of AZR Studio: a virtual
 * environment with the pinned requirements. The stamp is written last, so that an environment whose
 * making was cut short is known as one and made anew.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { execa } from 'execa';

import { assetRoot } from './assets.ts';
import { environmentStamp, interpreterIn, stampFile } from './enginePython.ts';
import { findPython } from './findPython.ts';
import { showsNoGpu } from './gpuFiles.ts';
import { RunnerError, type RunnerErrorCode } from './runnerError.ts';

/**
 * What downloads the rest. The pip that Python brings along is often years old, and takes two thirds
 * longer for PyTorch, all of it processor time.
 */
const PIP = 'pip==26.3';

export interface SetUpOptions {
  /** Folder of the environment; it is deleted first when it holds an incomplete one. */
  readonly directory: string;
  /** Told what is being done, and every line of the programs that do it. */
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
  /** File with the packages to install; those of the engine when absent. */
  readonly requirements?: string;
}

/** Resolves with the environment's interpreter. Rejects with a RunnerError with a remedy. */
export async function setUpPython(options: SetUpOptions): Promise<string> {
  const { directory, onLine, signal, requirements = engineRequirements() } = options;
  const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  const interpreter = interpreterIn(directory);
  const stamp = environmentStamp(directory);
  if (stamp === digest) {
    onLine(`The environment in ${directory} is complete.`);
    return interpreter;
  }
  if (stamp === undefined) await makeEnvironment(options);
  await rm(stampFile(directory), { force: true });
  onLine('Installing the packages of the engine; PyTorch alone can take several minutes.');
  const install = [
    ...['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check'],
    ...['--progress-bar', 'off'],
  ];
  // Where that cannot be had, the pip that is there does it, or says why it cannot.
  await run(interpreter, [...install, '--retries', '0', PIP], options);
  const withoutCuda = path.join(path.dirname(requirements), 'requirements-cpu.txt');
  if (showsNoGpu() && existsSync(withoutCuda)) {
    onLine('Linux shows no GPU: PyTorch is taken without CUDA where that can be had.');
    const alone = ['--no-deps', '--retries', '0'];
    await run(interpreter, [...install, ...alone, '-r', withoutCuda], options);
  }
  await work(
    'installing the packages of the engine',
    interpreter,
    [...install, '-r', requirements],
    options,
  );
  signal.throwIfAborted();
  await writeFile(stampFile(directory), digest);
  return interpreter;
}

function engineRequirements(): string {
  return path.join(assetRoot(), 'server', 'engine', 'requirements.txt');
}

async function makeEnvironment(options: SetUpOptions): Promise<void> {
  const { directory, onLine, signal } = options;
  await requireOurs(directory);
  const { executable, version } = await findPython(signal);
  onLine(`Making an environment in ${directory} with Python ${version} (${executable}).`);
  try {
    await rm(directory, { recursive: true, force: true });
    await mkdir(path.dirname(directory), { recursive: true });
  } catch (error) {
    throw diagnose(`making ${directory}`, error instanceof Error ? error.message : String(error));
  }
  await work('making the environment', executable, ['-m', 'venv', directory], options);
}

/** Deletes nothing that is not an environment. */
async function requireOurs(directory: string): Promise<void> {
  const names = await readdir(directory).catch((error: unknown): string[] => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw diagnose(`reading ${directory}`, error instanceof Error ? error.message : String(error));
  });
  if (names.length === 0 || names.includes('pyvenv.cfg')) return;
  throw new RunnerError(
    'folder-in-use',
    `${directory} holds something else than a Python environment.`,
    'Name another folder with --directory.',
  );
}

async function work(
  what: string,
  program: string,
  programArguments: readonly string[],
  options: SetUpOptions,
): Promise<void> {
  const { failed, all } = await run(program, programArguments, options);
  if (failed) throw diagnose(what, all);
}

async function run(
  program: string,
  programArguments: readonly string[],
  { directory, onLine, signal }: SetUpOptions,
): Promise<{ readonly failed: boolean; readonly all: string }> {
  const child = execa(program, programArguments, {
    // With -m Python looks for modules in the working folder first, which may be anybody's.
    cwd: path.dirname(directory),
    all: true,
    reject: false,
    stdin: 'ignore',
    cancelSignal: signal,
    env: { PYTHONUNBUFFERED: '1' },
  });
  for await (const line of child.iterable({ from: 'all' })) onLine(line);
  const { all, failed } = await child;
  signal.throwIfAborted();
  return { failed, all };
}

interface Diagnosis {
  readonly code: RunnerErrorCode;
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

function diagnose(what: string, output: string): RunnerError {
  const found = DIAGNOSES.find(({ pattern }) => pattern.test(output));
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  return found === undefined
    ? new RunnerError(
        'setup-failed',
        `While ${what}, something failed: ${last}`,
        'Read the lines above it, then try again.',
      )
    : new RunnerError(
        found.code,
        `While ${what}: ${found.happened}. (${last.trim()})`,
        found.remedy,
      );
}
