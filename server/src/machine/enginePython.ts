/** Which Python runs the engine. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { namedProgram } from '../python/pythonStart.mjs';
import { assetRoot } from './assets.ts';
import { neededUserData, userData } from './userData.ts';

/** Names a Python with torch, transformers and peft, for those who keep their own environment. */
export const PYTHON_VARIABLE = 'AZR_PYTHON';

/** Written last into an environment that `azr setup` made: without it, the making was cut short. */
const STAMP_FILE = 'azr-studio-requirements';

/**
 * The interpreter that the environment variable names, else that of the clone's set-up, else the one
 * that `azr setup` made for this user, else the system's. `root` is where AZR Studio is installed.
 */
export function enginePython(root: string = assetRoot()): string {
  const named = namedPython();
  if (named !== undefined) return named;
  const ofClone = interpreterIn(path.join(root, '.venv'));
  if (existsSync(ofClone)) return ofClone;
  const data = userData();
  const ofUser = data && environmentIn(data);
  if (ofUser && environmentStamp(ofUser) !== undefined) return interpreterIn(ofUser);
  return process.platform === 'win32' ? 'python' : 'python3';
}

/** The interpreter that the environment variable names, if it does: an absolute path or a bare name. */
export function namedPython(): string | undefined {
  const named = process.env[PYTHON_VARIABLE];
  return named === undefined || named === '' ? undefined : namedProgram(named);
}

/** The one that a viewer's settings name, else the same as `enginePython`. */
export function chosenPython(pythonPath: string): string {
  return pythonPath === '' ? enginePython() : namedProgram(pythonPath);
}

/** Where `azr setup` makes the environment when no other folder is named; throws for want of a home. */
export function userEnvironment(): string {
  return environmentIn(neededUserData());
}

function environmentIn(data: string): string {
  return path.join(data, 'python');
}

export function interpreterIn(environment: string): string {
  return process.platform === 'win32'
    ? path.join(environment, 'Scripts', 'python.exe')
    : path.join(environment, 'bin', 'python');
}

export function stampFile(environment: string): string {
  return path.join(environment, STAMP_FILE);
}

/** Which requirements an environment holds; undefined when it is not complete. */
export function environmentStamp(environment: string): string | undefined {
  // existsSync follows links: it is false when the system's Python has been removed since.
  if (!existsSync(interpreterIn(environment))) return undefined;
  try {
    return readFileSync(stampFile(environment), 'utf8');
  } catch {
    return undefined;
  }
}
