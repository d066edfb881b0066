import path from 'node:path';

import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What is waited for comes in its own time on a busy machine; the tests of time say so themselves. */
const PATIENT = { poll: { timeout: 30_000 } };

/** Files that take longest by far: where they begin last, one worker waits for the other. */
const LONGEST = [
  ...['learning.process', 'run.process', 'languageServer.process', 'pages.process'],
  ...['jail.process', 'detachedRunner.process', 'engineDeath.process', 'faultInjection.process'],
  ...['ownServerContract.process', 'engineKey.process'],
];

/** Vitest's own order, largest files first, after those that are known to take longest. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) =>
      LONGEST.some((name) => moduleId.includes(name));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

/**
 * Some tests measure time, and a busy machine may be slow once; the report says which were. Not those in
 * VS Code: each goes on where the one before it ended.
 */
const RETRIES = 1;

/**
 * Three projects: `fast` computes; `processes` starts Python, torch or npm in every file, and two such
 * files at a time keep two cores busy while each waits for its processes; `vscode` drives the real
 * VS Code, one server for all its files, which its set-up starts.
 */
export default defineConfig({
  test: {
    // What is compared to the last bit is compared where a GPU's rounding does not show.
    env: { AZR_DEVICE: 'cpu' },
    // Vitest leaves one core alone unless it is told not to.
    maxWorkers: '100%',
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'fast',
          retry: RETRIES,
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.process.test.ts', 'test/vscode/**'],
          // Loading the same modules for each of sixty files would take longer than most of the tests.
          isolate: false,
          testTimeout: 30_000,
          expect: { poll: { timeout: 10_000 } },
        },
      },
      {
        resolve: {
          alias: [
            {
              find: /^\.\/workerProgram\.ts$/,
              replacement: path.join(import.meta.dirname, 'test/programs/workerProgram.ts'),
            },
          ],
        },
        test: {
          name: 'processes',
          retry: RETRIES,
          include: ['test/**/*.process.test.ts'],
          globalSetup: ['test/programs/globalSetup.ts'],
          maxWorkers: 2,
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
