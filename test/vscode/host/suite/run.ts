/** Entry for VS Code: runs every test file beside this one with mocha, and writes what came of it. */
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { activationMs } from './activationTime.ts';

const TEST_TIMEOUT_MS = 60_000;

export async function run(): Promise<void> {
  const { default: Mocha } = await import('mocha');
  const mocha = new Mocha({ ui: 'bdd', color: false, timeout: TEST_TIMEOUT_MS });
  for (const file of readdirSync(__dirname)
    .filter((name) => name.endsWith('.test.cjs'))
    .sort()) {
    mocha.addFile(path.join(__dirname, file));
  }
  const lines: string[] = [];
  const failures: string[] = [];
  let passed = 0;
  await new Promise<void>((resolve) => {
    mocha
      .run(() => {
        resolve();
      })
      .on('pass', (test) => {
        passed += 1;
        lines.push(`  ✓ ${test.fullTitle()} (${String(test.duration ?? 0)} ms)`);
      })
      .on('fail', (test, error: Error) => {
        failures.push(`${test.fullTitle()}: ${error.message.split('\n')[0] ?? ''}`);
        lines.push(
          `  ✗ ${test.fullTitle()}`,
          (error.stack ?? error.message).replaceAll(/^/gm, '      '),
        );
      });
  });
  const report = process.env['AZR_HOST_REPORT'] ?? '';
  writeFileSync(report.replace(/json$/, 'txt'), `${lines.join('\n')}\n`);
  const failed = failures.length;
  writeFileSync(report, JSON.stringify({ passed, failed, failures, activationMs: activationMs() }));
  if (failed > 0) throw new Error(`${String(failed)} tests failed`);
}
