/** Finds the Python that the jail runs. */
import { ProblemError } from '../../../protocol/problem.ts';
import { execa } from 'execa';

import { namedProgram, pythonStart } from '../../python/pythonStart.mjs';

export interface PythonInterpreter {
  /** The real executable, behind version managers' shims and virtual environments' links. */
  readonly path: string;
  readonly version: readonly [major: number, minor: number];
}

const OLDEST: readonly [number, number] = [3, 10];

const DESCRIBE =
  'import sys, os; print(os.path.realpath(sys.executable)); print(*sys.version_info[:2])';

/** Asks `command` what it is; throws a ProblemError when there is no usable Python. */
export async function findPython(command: string): Promise<PythonInterpreter> {
  const result = await execa(namedProgram(command), ['-I', '-S', '-c', DESCRIBE], {
    ...pythonStart(),
    reject: false,
    timeout: 20_000,
  });
  const [path, versionText] = result.failed ? [] : result.stdout.split('\n');
  if (path === undefined || versionText === undefined) {
    throw new ProblemError({
      code: 'python-not-found',
      message: `"${command}" does not start a Python.`,
      remedy: 'Install Python 3.10 or newer, or name its path.',
    });
  }
  const [major = 0, minor = 0] = versionText.split(' ').map(Number);
  if (major !== OLDEST[0] || minor < OLDEST[1]) {
    throw new ProblemError({
      code: 'python-too-old',
      message: `${path} is Python ${major}.${minor}.`,
      remedy: 'Install Python 3.10 or newer, or name the path of one.',
    });
  }
  return { path, version: [major, minor] };
}

/** The command that starts a fork server: no site packages, no search path, no bytecode written. */
export function forkServerCommand(
  python: PythonInterpreter,
  scriptPath: string,
): readonly [file: string, ...argumentList: string[]] {
  const safePath = python.version[1] >= 11 ? ['-P'] : [];
  return [python.path, '-s', '-S', ...safePath, '-B', scriptPath];
}
