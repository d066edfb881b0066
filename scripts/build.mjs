/**
 * Bundles what ships. To add a bundle, add a row to BUNDLES; everything that the row's entries import
 * goes into their files, so that the extension needs no node_modules.
 */
import { build } from 'esbuild';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { PROJECT_ROOT } from './bootstrap/layout.mjs';

/** VS Code 1.106 and the command line alike run on Node 22.13 or newer. */
const TARGET = 'node22.13';
/** Packages in CommonJS call `require` for Node's own modules; an ES module has to bring it along. */
const REQUIRE_IN_MODULE =
  "import { createRequire as azrCreateRequire } from 'node:module'; const require = azrCreateRequire(import.meta.url);";

/**
 * @typedef {Pick<import('esbuild').BuildOptions, 'format' | 'external' | 'banner' | 'platform' | 'target' | 'keepNames' | 'splitting' | 'chunkNames' | 'outExtension'>
 *   & ({ entryPoints: [string], outfile: string } | { entryPoints: Record<string, string>, outdir: string })} Bundle
 * @type {readonly Bundle[]}
 */
const BUNDLES = [
  {
    entryPoints: ['extension/src/extension.ts'],
    outfile: 'dist/extension.cjs',
    format: 'cjs',
    external: ['vscode'],
  },
  {
    // Loaded with the first request, so that the extension itself stays light.
    entryPoints: ['extension/src/connection/languageClient.ts'],
    outfile: 'dist/languageClient.cjs',
    format: 'cjs',
    external: ['vscode'],
  },
  {
    // Programs that have most of their code in common; it goes into files that they import.
    entryPoints: {
      cli: 'server/src/cli/main.ts',
      server: 'server/src/languageServer/main.ts',
      queryWorker: 'server/src/languageServer/queries/queryWorker.ts',
    },
    outdir: 'dist',
    outExtension: { '.js': '.mjs' },
    splitting: true,
    chunkNames: 'shared-[hash]',
    format: 'esm',
    banner: { js: REQUIRE_IN_MODULE },
  },
  {
    // A program of its own, which runs with no right but to read this file.
    entryPoints: ['server/src/sandbox/wasm/worker/main.ts'],
    outfile: 'dist/sandboxWorker.mjs',
    format: 'esm',
  },
  {
    // Another such program, which renders chat templates.
    entryPoints: ['server/src/engine/tokenizer/renderTemplate.mjs'],
    outfile: 'dist/templateRenderer.mjs',
    format: 'esm',
  },
  {
    // A third, which works tokenizers.
    entryPoints: ['server/src/engine/tokenizer/tokenizeTexts.mjs'],
    outfile: 'dist/tokenizer.mjs',
    format: 'esm',
  },
  page('dashboard'),
  page('rewards'),
];

/**
 * A page of a webview: its script, and beside it the style that the script imports.
 * @param {string} name
 * @returns {Bundle}
 */
function page(name) {
  return {
    entryPoints: [`webview/src/${name}/main.ts`],
    outfile: `dist/webview/${name}.js`,
    format: 'iife',
    platform: 'browser',
    target: 'chrome130',
    // Names of functions are for stack traces in logs; a page reports its own with their places.
    keepNames: false,
  };
}

const stamp = path.join(PROJECT_ROOT, 'dist', 'inputs.json');
mkdirSync(path.dirname(stamp), { recursive: true });
rmSync(stamp, { force: true });
for (const file of readdirSync(path.dirname(stamp)).filter((name) => name.startsWith('shared-'))) {
  rmSync(path.join(path.dirname(stamp), file));
}

/** @type {import('./bootstrap/bundles.mjs').BuildInputs} */
const inputs = {};
/** @param {string} file */
function record(file) {
  const { size, mtimeMs } = statSync(path.join(PROJECT_ROOT, file));
  inputs[file] = { bytes: size, modifiedMs: mtimeMs };
}

for (const file of ['scripts/build.mjs', 'package-lock.json', 'tsconfig.json']) {
  record(file);
}
for (const bundle of BUNDLES) {
  const result = await build({
    absWorkingDir: PROJECT_ROOT,
    bundle: true,
    platform: 'node',
    target: TARGET,
    minify: true,
    keepNames: true,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'error',
    ...bundle,
    metafile: true,
  });
  for (const file of Object.keys(result.metafile.inputs)) {
    record(file);
  }
}
writeFileSync(stamp, JSON.stringify(inputs));
