/** The programs that tests start as processes, bundled as they ship: a start takes a third of the time. */
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');

/**
 * Bundles find what ships with them by looking upwards, so they lie inside the project; always in the
 * same place, so that Node's compile cache knows them the next time.
 */
export const PROGRAM_FOLDER = path.join(ROOT, 'dist', 'tested');

/** Sources of the programs, by the names of their bundles. */
export const PROGRAMS = {
  cli: path.join(ROOT, 'server/src/cli/main.ts'),
  sandboxWorker: path.join(ROOT, 'server/src/sandbox/wasm/worker/main.ts'),
  templateRenderer: path.join(ROOT, 'server/src/engine/tokenizer/renderTemplate.mjs'),
  tokenizer: path.join(ROOT, 'server/src/engine/tokenizer/tokenizeTexts.mjs'),
  scriptedCli: path.join(ROOT, 'test/run/fixtures/scriptedCli.ts'),
  scriptedRun: path.join(ROOT, 'test/run/fixtures/scriptedRun.ts'),
  scriptedTinker: path.join(ROOT, 'test/run/faults/scriptedTinker.ts'),
  starter: path.join(ROOT, 'test/run/fixtures/starter.ts'),
  useRunFolders: path.join(ROOT, 'test/security/fixtures/useRunFolders.ts'),
  remoteSandbox: path.join(ROOT, 'test/sandbox/fixtures/remoteSandbox.ts'),
} as const;

/** The bundle of a program; the set-up of the project `processes` has made it from today's sources. */
export function programPath(name: keyof typeof PROGRAMS): string {
  return path.join(PROGRAM_FOLDER, `${name}.mjs`);
}
