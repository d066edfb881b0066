/**
 * Runs the tests of `suite` inside the extension host, through the official runner. Its VS Code is
 * the desktop build where AZR_VSCODE names one or AZR_TEST_DESKTOP asks to download it; otherwise
 * `vscodeStandIn.ts` stands in for it: the same VS Code, served to a headless browser.
 */
import { runTests } from '@vscode/test-electron';
import { build } from 'esbuild';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { layoutOf } from '../../../scripts/bootstrap/layout.mjs';
import { interpreterIn } from '../../../server/src/python/environment.mjs';

const PROJECT = path.resolve(import.meta.dirname, '../../..');
const LAYOUT = layoutOf(PROJECT);
const SUITE = path.join(import.meta.dirname, 'suite');

/** Bundles the suite: the extension host runs CommonJS, and finds `vscode` and mocha by itself. */
async function bundleSuite(): Promise<string> {
  const folder = path.join(LAYOUT.tools, 'host-tests');
  rmSync(folder, { recursive: true, force: true });
  await build({
    entryPoints: globSync('*.ts', { cwd: SUITE }).map((file) => path.join(SUITE, file)),
    outdir: folder,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    external: ['vscode', 'mocha'],
    sourcemap: 'inline',
    logLevel: 'error',
  });
  return path.join(folder, 'run.cjs');
}

/** A program that takes VS Code's options; the official runner starts it as it would start VS Code. */
function standInFor(folder: string): string {
  const program = path.join(folder, 'code');
  const script = path.join(import.meta.dirname, 'vscodeStandIn.ts');
  const words = [
    process.execPath,
    '--experimental-strip-types',
    '--disable-warning=ExperimentalWarning',
    script,
  ];
  const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  writeFileSync(program, `#!/bin/sh\nexec ${quoted} "$@"\n`);
  chmodSync(program, 0o755);
  return program;
}

/** A run for the suite to look at: the recorded one, played without waiting by the command line. */
function playRecordedRun(folder: string): string {
  const run = path.join(folder, 'recorded');
  execFileSync(
    process.execPath,
    [path.join(PROJECT, 'dist', 'cli.mjs'), 'replay', 'demo', '--speed', 'max', '--directory', run],
    { env: { ...process.env, HOME: folder }, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  return run;
}

const folder = mkdtempSync(path.join(tmpdir(), 'azr-host-tests-'));
const report = process.env['AZR_HOST_REPORT'] ?? path.join(LAYOUT.tools, 'reports', 'host.json');
mkdirSync(path.dirname(report), { recursive: true });
rmSync(report, { force: true });
try {
  const workspace = path.join(folder, 'workspace');
  mkdirSync(workspace);
  const desktop = process.env['AZR_VSCODE'];
  const isStandIn = desktop === undefined && process.env['AZR_TEST_DESKTOP'] === undefined;
  const executable = isStandIn ? standInFor(folder) : desktop;
  await runTests({
    ...(executable === undefined ? {} : { vscodeExecutablePath: executable }),
    extensionDevelopmentPath: PROJECT,
    extensionTestsPath: await bundleSuite(),
    launchArgs: [workspace, '--disable-workspace-trust'],
    extensionTestsEnv: {
      AZR_HOST_REPORT: report,
      AZR_HOST_RUN: playRecordedRun(folder),
      AZR_PYTHON: interpreterIn(LAYOUT.pythonEnvironment),
    },
  });
} catch (error) {
  process.exitCode = 1;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (existsSync(report)) {
  process.stdout.write(readFileSync(report.replace(/json$/, 'txt'), 'utf8'));
} else {
  process.exitCode = 1;
  process.stderr.write('The extension host ended before the tests did.\n');
}
