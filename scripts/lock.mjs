/**
 * `node scripts/run.mjs scripts/lock.mjs`: from server/engine/requirements.txt to server/engine/locks,
 * where every package that comes along is pinned too, each with the SHA-256 of its files, for all
 * Pythons and systems at once. It asks `uv` (pip install uv) and the package index.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { PROJECT_ROOT } from './bootstrap/layout.mjs';

const ENGINE = path.join(PROJECT_ROOT, 'server', 'engine');
const LOCKS = path.join(ENGINE, 'locks');
const HEAD = '# Made by scripts/lock.mjs from requirements.txt. Do not edit.\n';

/** What is installed first, and what is left out where PyTorch comes without CUDA. */
const PARTS = [
  { file: 'pip.txt', holds: /^pip$/ },
  { file: 'torch.txt', holds: /^(?:torch|triton|nvidia-.*|cuda-.*)$/ },
  { file: 'packages.txt', holds: /^/ },
];

const { status, stdout } = spawnSync(
  'uv',
  [
    ...['pip', 'compile', '--universal', '--python-version', '3.10', '--generate-hashes'],
    // Wheels alone: building one runs its author's code, with tools that nothing pins.
    ...['--no-build', '--no-header', '--no-annotate', '--quiet', 'requirements.txt'],
  ],
  { cwd: ENGINE, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
);
if (status !== 0) {
  process.stderr.write(
    'uv could not resolve requirements.txt, or is not installed: pip install uv\n',
  );
  process.exit(1);
}

/** @type {Map<string, string[]>} */
const texts = new Map(PARTS.map(({ file }) => [file, [HEAD]]));
// A requirement and its hashes are one line, continued by backslashes.
for (const requirement of stdout.split(/(?<!\\)\n/).filter((line) => line !== '')) {
  const name = /^[\w.-]+/.exec(requirement)?.[0] ?? '';
  const part = PARTS.find(({ holds }) => holds.test(name));
  texts.get(part?.file ?? '')?.push(`${requirement}\n`);
}
mkdirSync(LOCKS, { recursive: true });
for (const [file, lines] of texts) writeFileSync(path.join(LOCKS, file), lines.join(''));
