import { defineConfig } from 'vitest/config';

/**
 * Two projects: `fast` may run many files at once; `processes` starts Python, torch or npm in every
 * file, so its files run one after another and do not fight for the cores.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.process.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'processes',
          include: ['test/**/*.process.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
