import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';

import { runTerminal } from '../../extension/src/runTerminal.ts';

test('the terminal runs the bundled `azr run` in the chosen folder', () => {
  const directory = realpathSync(mkdtempSync(path.join(tmpdir(), 'azr extension ')));
  const folderPath = path.join(directory, 'my folder');
  mkdirSync(folderPath);
  mkdirSync(path.join(directory, 'dist'));
  writeFileSync(
    path.join(directory, 'dist', 'cli.mjs'),
    'console.log(JSON.stringify([process.cwd(), ...process.argv.slice(2)]));',
  );
  const terminal = runTerminal({
    name: 'AZR Run',
    extensionPath: directory,
    folderPath,
    nodePath: process.execPath,
  });

  const { stdout } = spawnSync(terminal.shellPath, terminal.shellArgs, {
    cwd: terminal.cwd,
    env: { ...process.env, ...terminal.env },
    encoding: 'utf8',
  });

  expect(JSON.parse(stdout)).toEqual([folderPath, 'run']);
  rmSync(directory, { recursive: true });
});
