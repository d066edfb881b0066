import { defineConfig } from 'vitest/config';

/** What is waited for comes in its own time on a busy machine; the tests of time say so themselves. */
const PATIENT = { poll: { timeout: 30_000 } };

const TIMED = 'test/sandbox/*.process.test.ts';

/**
 * Four projects. The files of `fast` and of `processes`, which start Python, torch or npm, run side by
 * side. `timed` measures how long the sandbox takes, so its files have the machine for themselves, one
 * after another. `vscode` drives the real VS Code, one server and one browser for all its files, which
 * its set-up starts.
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
          exclude: [TIMED],
          // Several engines share the cores: one thread each is faster than all of them everywhere.
          env: { OMP_NUM_THREADS: '1' },
          testTimeout: 240_000,
          hookTimeout: 240_000,
          expect: PATIENT,
        },
      },
      {
        test: {
          name: 'timed',
          include: [TIMED],
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
