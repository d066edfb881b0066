/**
 * Makes the engine's Python environment for somebody who has no clone of AZR Studio, with the same steps
 * as the set-up of a clone.
 */
import { ProblemError } from '../../protocol/problem.ts';
import { readdir } from 'node:fs/promises';
import path from 'node:path';

import { execa } from 'execa';

import { makeFolder } from '../files/makeFolder.ts';
import { DIAGNOSES, findDiagnosis } from '../python/diagnose.mjs';
import {
  environmentIsCurrent,
  environmentStamp,
  installPackages,
  interpreterIn,
  makeEnvironment,
} from '../python/environment.mjs';
import { findPython } from '../python/findPython.mjs';
import { pythonStart } from '../python/pythonStart.mjs';
import { assetRoot } from './assets.ts';

export interface SetUpOptions {
  /** Folder of the environment; it is deleted first when it holds an incomplete one. */
  readonly directory: string;
  /** Told what is being done, and every line of the programs that do it. */
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
  /** Folder with the `locks` of the packages to install; that of the engine when absent. */
  readonly engineFolder?: string;
}

/** Resolves with the environment's interpreter. Rejects with a ProblemError. */
export async function setUpPython(asked: SetUpOptions): Promise<string> {
  const { engineFolder = path.join(assetRoot(), 'server', 'engine'), onLine, signal } = asked;
  const options = { ...asked, engineFolder, directory: path.resolve(asked.directory) };
  const { directory } = options;
  if (environmentIsCurrent(directory, engineFolder)) {
    onLine(`The environment in ${directory} is complete.`);
    return interpreterIn(directory);
  }
  if (environmentStamp(directory) === undefined) await makeOwnEnvironment(options);
  onLine('Installing the packages of the engine; PyTorch alone can take several minutes.');
  const last = await installPackages(directory, engineFolder, programOf(options));
  if (last.failed) throw diagnosis('installing the packages of the engine', last.output);
  signal.throwIfAborted();
  return interpreterIn(directory);
}

async function makeOwnEnvironment(
  options: SetUpOptions & { readonly engineFolder: string },
): Promise<void> {
  const { directory, engineFolder, onLine, signal } = options;
  await requireOurs(directory);
  const python = await findPython(signal);
  if ('message' in python) throw new ProblemError({ code: 'no-python', ...python });
  const { executable, version } = python;
  onLine(`Making an environment in ${directory} with Python ${version} (${executable}).`);
  const failed = await Promise.resolve()
    .then(() => {
      makeFolder(path.dirname(directory));
      return makeEnvironment(executable, directory, engineFolder, programOf(options));
    })
    .catch((error: unknown) => {
      signal.throwIfAborted();
      throw diagnosis(
        `making ${directory}`,
        error instanceof Error ? error.message : String(error),
      );
    });
  if (failed !== undefined) throw diagnosis('making the environment', failed.output);
}

/** Deletes nothing that is not an environment. */
async function requireOurs(directory: string): Promise<void> {
  const names = await readdir(directory).catch((error: unknown): string[] => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw diagnosis(`reading ${directory}`, error instanceof Error ? error.message : String(error));
  });
  if (names.length === 0 || names.includes('pyvenv.cfg')) return;
  throw new ProblemError({
    code: 'folder-in-use',
    message: `${directory} holds something else than a Python environment.`,
    remedy: 'Name another folder with --directory.',
  });
}

function programOf({ onLine, signal }: SetUpOptions) {
  return async (step: string, program: string, programArguments: readonly string[]) => {
    if (step.endsWith('-cpu')) {
      onLine('Linux shows no GPU: PyTorch is taken without CUDA where that can be had.');
    }
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
    return { failed, output: all };
  };
}

function diagnosis(what: string, output: string): ProblemError {
  const found = findDiagnosis(output, DIAGNOSES);
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  return found === undefined
    ? new ProblemError({
        code: 'setup-failed',
        message: `While ${what}, something failed: ${last}`,
        remedy: 'Read the lines above it, then try again.',
      })
    : new ProblemError({
        code: found.code,
        message: `While ${what}, ${found.happened}. (${last.trim()})`,
        remedy: found.remedy,
      });
}
