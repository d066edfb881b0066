/** Which Python runs the engine. */
import { existsSync } from 'node:fs';
import path from 'node:path';

import { environmentStamp, interpreterIn } from '../python/environment.mjs';
import { namedPython } from '../python/findPython.mjs';
import { namedProgram } from '../python/pythonStart.mjs';
import { assetRoot } from './assets.ts';
import { neededUserData, userData } from './userData.ts';

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
