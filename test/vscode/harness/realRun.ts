/** A short run of the real loop with the embedded model, made by the command line as a user would. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';

import { environmentPython, layoutOf } from '../../../scripts/bootstrap/layout.mjs';

const PROJECT = path.resolve(import.meta.dirname, '../../..');
/** Two small steps: a dozen seconds on two cores. */
const SETTINGS = {
  probe: 'none',
  seedTasks: 8,
  proposalsPerMode: 4,
  solverTasksPerMode: 4,
  replayTasksPerMode: 2,
};

/** Makes a run below `folder`; the path of its folder. */
export function makeRealRun(folder: string, steps = 2): string {
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => [
    '--set',
    `${name}=${String(value)}`,
  ]);
  execFileSync(
    process.execPath,
    [path.join(PROJECT, 'dist', 'cli.mjs'), 'run', '--steps', String(steps), ...settings],
    {
      cwd: folder,
      env: {
        ...process.env,
        AZR_PYTHON: environmentPython(layoutOf(PROJECT).pythonEnvironment),
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const runs = path.join(folder, 'runs');
  const [name] = readdirSync(runs);
  if (name === undefined) throw new Error(`The run left nothing in ${runs}.`);
  return path.join(runs, name);
}
