/**
 * Starts a program that has no parent: a small launcher starts it in a session of its own and
 * ends, so that the program is not a descendant of ours and lives on when our whole process tree is
 * killed. (Windows: outside our job and console.)
 */
import { ProblemError } from '../../protocol/problem.ts';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';

import { openForAppending } from '../files/openFile.ts';

/** Kept as text because it has to run wherever this file was bundled to, without a file of its own. */
const LAUNCHER = `
const { spawn } = require('node:child_process');
const LOG = 3;
const [program, ...programArguments] = process.argv.slice(1);
const child = spawn(program, programArguments, {
  detached: true,
  windowsHide: true,
  stdio: ['ignore', LOG, LOG],
});
child.on('error', (error) => {
  process.stderr.write(error.message);
  process.exitCode = 1;
});
child.on('spawn', () => {
  process.stdout.write(String(child.pid));
  child.unref();
});
`;

export interface DetachedProgram {
  /** The program and its arguments, every path among them absolute. */
  readonly command: readonly string[];
  /** What it prints is appended to this file. */
  readonly logFile: string;
  /** Goes over our own environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The id of the started process. Rejects with ProblemError `cannot-launch`, or a ProblemError about the log. */
export async function launchDetached(program: DetachedProgram): Promise<number> {
  const { command, logFile, environment } = program;
  // Electron's program is Node only when it is told so.
  const asNode = { ELECTRON_RUN_AS_NODE: '1' };
  const log = openForAppending(logFile);
  const launcher = spawn(process.execPath, ['-e', LAUNCHER, '--', ...command], {
    // Not the run folder, which may be somebody else's: what is started there may read what lies in it.
    cwd: path.parse(process.execPath).root,
    detached: true,
    windowsHide: true,
    env: { ...withoutEditor(process.env), ...environment, ...asNode },
    stdio: ['ignore', 'pipe', 'pipe', log],
  });
  closeSync(log);
  try {
    const [processId, complaint] = await Promise.all([
      text(launcher.stdout!),
      text(launcher.stderr!),
      once(launcher, 'close'),
    ]);
    if (processId === '') throw new Error(complaint.trim());
    return Number(processId);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ProblemError({
      code: 'cannot-launch',
      message: `The runner could not be started with ${command[0] ?? ''}: ${reason}`,
      remedy:
        'Check that AZR Studio is installed completely and that the run folder can be written.',
    });
  }
}

/** The editor's own variables would tie the program to its window, for example to its debugger. */
function withoutEditor(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !name.startsWith('VSCODE_')),
  );
}
