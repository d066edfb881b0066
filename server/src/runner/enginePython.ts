/** Which Python runs the engine. */
import { existsSync } from 'node:fs';
import path from 'node:path';

import { assetRoot } from './assets.ts';

/** Names a Python with torch, transformers and peft, for those who keep their own environment. */
export const PYTHON_VARIABLE = 'AZR_PYTHON';

/** The interpreter that the environment names, else the one that set-up made, else `python3`. */
export function enginePython(): string {
  const named = process.env[PYTHON_VARIABLE];
  if (named !== undefined && named !== '') return named;
  const inEnvironment =
    process.platform === 'win32' ? path.join('Scripts', 'python.exe') : path.join('bin', 'python');
  const prepared = path.join(assetRoot(), '.venv', inEnvironment);
  return existsSync(prepared) ? prepared : 'python3';
}
