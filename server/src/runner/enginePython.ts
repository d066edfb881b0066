/** Which Python runs the engine. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

import { assetRoot } from './assets.ts';

/** Names a Python with torch, transformers and peft, for those who keep their own environment. */
export const PYTHON_VARIABLE = 'AZR_PYTHON';

/** Written last into an environment that `azr setup` made: without it, the making was cut short. */
const STAMP_FILE = 'azr-studio-requirements';

/**
 * The interpreter that the environment variable names, else that of the clone's set-up, else the one
 * that `azr setup` made for this user, else the system's. `root` is where AZR Studio is installed.
 */
export function enginePython(root: string = assetRoot()): string {
  const named = process.env[PYTHON_VARIABLE];
  if (named !== undefined && named !== '') return named;
  const ofClone = interpreterIn(path.join(root, '.venv'));
  if (existsSync(ofClone)) return ofClone;
  const ofUser = userEnvironment();
  if (environmentStamp(ofUser) !== undefined) return interpreterIn(ofUser);
  return process.platform === 'win32' ? 'python' : 'python3';
}

/** Where `azr setup` makes the environment when no other folder is named. */
export function userEnvironment(): string {
  const { env, platform } = process;
  if (platform === 'win32') {
    return path.join(
      env['LOCALAPPDATA'] ?? path.join(homedir(), 'AppData', 'Local'),
      'AZR Studio',
      'python',
    );
  }
  if (platform === 'darwin') {
    return path.join(homedir(), 'Library', 'Application Support', 'AZR Studio', 'python');
  }
  const data = env['XDG_DATA_HOME'];
  const root = data === undefined || data === '' ? path.join(homedir(), '.local', 'share') : data;
  return path.join(root, 'azr-studio', 'python');
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
