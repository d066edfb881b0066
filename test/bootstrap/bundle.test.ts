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

test('the sandbox runs from the bundles alone, in a worker that may read its own bundle only', () => {
  const program = "def f(x):\n    return open('/etc/passwd').read() if x else 6 * 7";
  const requests = [0, 1].map((input) => JSON.stringify({ program, input: String(input) }));

  const run = spawnSync(process.execPath, [path.join(root, 'dist/cli.mjs'), 'exec'], {
    cwd: tmpdir(),
    encoding: 'utf8',
    input: requests.join('\n'),
  });

  const answers = run.stdout.trim().split('\n');
  expect(answers.map((answer) => JSON.parse(answer) as unknown)).toMatchObject([
    { outcome: 'ok', output: '42' },
    { outcome: 'forbidden', exceptionType: 'PermissionError' },
  ]);
  for (const program of ['sandboxWorker', 'templateRenderer']) {
    expect(read(`dist/${program}.mjs`)).not.toMatch(/node:(?:fs|net|child_process)/);
  }
  // Its standard input is the open file.
  expect(read('dist/tokenizer.mjs')).not.toMatch(/node:(?:net|child_process)/);
});

test('the extension needs nothing but VS Code and Node', () => {
  const required = [...read('dist/extension.cjs').matchAll(/require\("([^"]+)"\)/g)].map(
    ([, name]) => name,
  );

  expect(new Set(required.filter((name) => !name?.startsWith('node:')))).toEqual(
    new Set(['vscode']),
  );
});
