/** The bundles that `npm test` has just built. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.join(import.meta.dirname, '..', '..');

function read(file: string): string {
  return readFileSync(path.join(root, file), 'utf8');
}

test('the command line runs from its bundle alone, from any folder', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string };

  const run = spawnSync(process.execPath, [path.join(root, 'dist/cli.mjs'), '--version'], {
    cwd: tmpdir(),
    encoding: 'utf8',
  });

  expect(run.stderr).toBe('');
  expect(run.stdout).toContain(version);
});

test('the extension needs nothing but VS Code and Node', () => {
  const required = [...read('dist/extension.cjs').matchAll(/require\("([^"]+)"\)/g)].map(
    ([, name]) => name,
  );

  expect(new Set(required.filter((name) => !name?.startsWith('node:')))).toEqual(
    new Set(['vscode']),
  );
});
