import { defineConfig } from 'vitest/config';

/** What is waited for comes in its own time on a busy machine; the tests of time say so themselves. */
const PATIENT = { poll: { timeout: 30_000 } };

/**
 * Three projects: `fast` may run many files at once; `processes` starts Python, torch or npm in every
 * file, so its files run one after another and do not fight for the cores; `vscode` drives the real
 * VS Code, one server and one browser for all its files, which its set-up starts.
 */
export default defineConfig({
  test: {
    // Vitest leaves one core alone unless it is told not to.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.process.test.ts', 'test/vscode/**'],
          testTimeout: 30_000,
          expect: { poll: { timeout: 10_000 } },
        },
      },
      {
        test: {
          name: 'processes',
          include: ['test/**/*.process.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: PATIENT,
        },
      },
      {
        test: {
          name: 'vscode',
          include: ['test/vscode/ui/**/*.test.ts'],
          globalSetup: ['test/vscode/harness/globalSetup.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: PATIENT,
        },
      },
    ],
  },
});
