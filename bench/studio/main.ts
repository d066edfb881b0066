/**
 * `npm run bench`: the budgets of the design, each measured in the real VS Code, beside what was
 * measured. `--without-scale` leaves out the run of a million tasks, which takes minutes and 8 GB;
 * `--seconds <count>` shortens the minute of events.
 */
import { spawnSync } from 'node:child_process';
import { loadavg, cpus } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { packExtension } from '../../scripts/studio/packExtension.mjs';
import { launchBrowser } from '../../test/vscode/harness/browser.ts';
import { startStudioServer } from '../../test/vscode/harness/studioServer.ts';
import { measureActivation } from './activation.ts';
import { measureEvents } from './events.ts';
import { measureFirstTask } from './firstTask.ts';
import { budgetTable, type Measurement } from './measurement.ts';
import { measurePackage } from './packageSize.ts';

const { values } = parseArgs({
  options: {
    'without-scale': { type: 'boolean', default: false },
    seconds: { type: 'string', default: '60' },
  },
});
const root = path.resolve(import.meta.dirname, '../..');
const signal = new AbortController().signal;
const vsix = await packExtension({ root, node: process.execPath, signal });
const measurements: Measurement[] = measurePackage(root, vsix);

const server = await startStudioServer({ vsix });
const browser = await launchBrowser();
try {
  measurements.push(...measureActivation(root, server.address.root));
  measurements.push(...(await measureFirstTask(browser, server.address)));
  measurements.push(...(await measureEvents(browser, server.address, Number(values.seconds))));
} finally {
  await browser.close();
  await server.stop();
}
const { text, isMet } = budgetTable(measurements);
const [load = 0] = loadavg();
process.stdout.write(
  `\n${text}\n\n${String(cpus().length)} cores, load ${load.toFixed(1)} at the end.\n`,
);
process.exitCode = isMet ? 0 : 1;

if (!values['without-scale']) {
  process.stdout.write('\nA run of a million tasks\n');
  const scale = spawnSync(
    process.execPath,
    [...process.execArgv, path.join(root, 'bench', 'scale', 'main.ts')],
    { stdio: 'inherit' },
  );
  if (scale.status !== 0) process.exitCode = 1;
}
