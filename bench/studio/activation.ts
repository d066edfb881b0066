/** What `activate()` takes, as the extension host itself marked it. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import type { Measurement } from './measurement.ts';

export function measureActivation(root: string, folder: string): Measurement[] {
  const report = path.join(folder, 'host.json');
  const run = spawnSync(
    process.execPath,
    [...process.execArgv, path.join(root, 'test', 'vscode', 'host', 'main.ts')],
    { env: { ...process.env, AZR_HOST_REPORT: report }, encoding: 'utf8' },
  );
  if (run.status !== 0) throw new Error(`The tests in the extension host failed:\n${run.stdout}`);
  const { activationMs } = JSON.parse(readFileSync(report, 'utf8')) as { activationMs: number };
  return [{ name: 'activate()', measured: activationMs, budget: 50, unit: 'ms' }];
}
