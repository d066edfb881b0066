import { defineConfig } from 'vitest/config';

/** `npm run conformance`: the contract of engines against a real SkyRL. It compiles for minutes. */
export default defineConfig({
  test: {
    include: ['test/conformance/*.conformance.ts'],
    fileParallelism: false,
    testTimeout: 1_800_000,
    hookTimeout: 3_600_000,
  },
});
