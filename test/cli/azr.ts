/** Runs the real `azr`, as a process. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

import { programPath } from '../programs/programs.ts';

const PROGRAM = programPath('cli');
const NODE_OPTIONS = ['--disable-warning=ExperimentalWarning'];

export interface AzrResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface AzrOptions {
  /** What is piped in; nothing at all when absent. */
  readonly input?: string | Buffer;
  readonly folder?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export function startAzr(
  argumentList: readonly string[],
  { folder, environment }: AzrOptions = {},
): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [...NODE_OPTIONS, PROGRAM, ...argumentList], {
    ...(folder !== undefined && { cwd: folder }),
    env: { ...process.env, ...environment },
  });
}

export async function azr(
  argumentList: readonly string[],
  options: AzrOptions = {},
): Promise<AzrResult> {
  const child = startAzr(argumentList, options);
  const exit = once(child, 'exit') as Promise<[number | null]>;
  child.stdin.end(options.input ?? '');
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    exit,
  ]);
  return { code, stdout, stderr };
}

/** The JSON objects of JSON Lines. */
export function jsonLines(lines: string): Record<string, unknown>[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
