/** Bundles the programs that tests start as processes. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

import { build, type BuildOptions } from 'esbuild';

import { PROGRAM_FOLDER, PROGRAMS } from './programs.ts';

/** As scripts/build.mjs bundles what ships. */
const BUNDLING = {
  outdir: PROGRAM_FOLDER,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22.13',
  minify: true,
  keepNames: true,
  legalComments: 'none',
  logLevel: 'error',
} satisfies BuildOptions;
/** Packages in CommonJS call `require` for Node's own modules; an ES module has to bring it along. */
const REQUIRE =
  "import { createRequire as testRequire } from 'node:module'; const require = testRequire(import.meta.url);";

export default async function setUp(): Promise<void> {
  const { sandboxWorker, ...others } = PROGRAMS;
  mkdirSync(PROGRAM_FOLDER, { recursive: true });
  const built = await Promise.all([
    build({ ...BUNDLING, write: false, entryPoints: others, banner: { js: REQUIRE } }),
    build({ ...BUNDLING, write: false, entryPoints: { sandboxWorker } }),
  ]);
  for (const { path: file, contents } of built.flatMap(({ outputFiles }) => outputFiles)) {
    replace(file, contents);
  }
}

/** At once, and only where something changed: the tests of another terminal may be starting it. */
function replace(file: string, contents: Uint8Array): void {
  if (existsSync(file) && readFileSync(file).equals(contents)) return;
  const fresh = `${file}.${String(process.pid)}`;
  writeFileSync(fresh, contents);
  renameSync(fresh, file);
}
