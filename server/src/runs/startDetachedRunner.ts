/** Starts or resumes a run in a process of its own that outlives the program that asked for it. */
import { isProblem, type Problem, ProblemError } from '../../protocol/problem.ts';
import { closeSync, existsSync, fstatSync, readdirSync, readSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import type { RunnerAddress } from '../../protocol/runnerMessages.ts';
import { openForReading } from '../files/openFile.ts';
import { namedProgram } from '../python/pythonStart.mjs';
import { makeRunFolders } from '../runFolder/createRunFolder.ts';
import { namedPython, PYTHON_VARIABLE } from '../python/findPython.mjs';
import { launchDetached } from './launchDetached.ts';
import { processStatus } from '../runFolder/processIdentity.ts';
import { requirePlainRunFolder } from '../runFolder/plainRunFolder.ts';
import { removeNewRunFolder } from '../runFolder/removeNewRunFolder.ts';
import type { RunFolder } from '../runFolder/runFolder.ts';
import { readRunnerAddress } from '../runFolder/runnerAddress.ts';
import { RunnerClient } from './runnerClient.ts';
import { readRunOutcome, unexplainedEnd } from '../runFolder/runOutcome.ts';

const POLL_MS = 50;
/** How long a runner may take to notice a signal. */
const SIGNAL_MS = 500;
/** How long a runner that was told to end at once may take, before it is killed. */
const END_MS = 5000;
const ENDING = [
  ['SIGTERM', SIGNAL_MS],
  ['SIGTERM', END_MS],
  ['SIGKILL', SIGNAL_MS],
] as const;
const LOG_TAIL_BYTES = 64 * 2 ** 10;

export interface DetachedStart {
  /** Command prefix that runs the `azr` command line. */
  readonly cliProgram: readonly string[];
  /** `run` or `resume` with its arguments, the run folder among them. */
  readonly command: readonly string[];
  readonly run: RunFolder;
  /** Python of the engine; empty to let the runner find one. */
  readonly pythonPath: string;
  /** Goes over our own environment; the only way by which a key is handed over. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Resolves when the runner works: its engine is there and its first step begins. Rejects with a
 * ProblemError that carries the runner's own code and remedy when it could not. An abort ends the
 * runner, as long as it has not started to work, and takes away the folder that was made for it.
 */
export async function startDetachedRunner(
  start: DetachedStart,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const { cliProgram, command, run, pythonPath } = start;
  requirePlainRunFolder(run);
  // A new run has taken its name by making its folder.
  const isNewFolder = !existsSync(run.folder) || readdirSync(run.folder).length === 0;
  makeRunFolders(run);
  const logStart = sizeOf(run.runnerLog);
  const launchedAt = new Date().toISOString();
  // The runner works in another folder: a path that is meant as seen from here is made absolute here.
  const python = pythonPath === '' ? namedPython() : namedProgram(pythonPath);
  const processId = await launchDetached({
    command: [...cliProgram, ...command, '--log'],
    logFile: run.runnerLog,
    environment: {
      ...start.environment,
      ...(python !== undefined && { [PYTHON_VARIABLE]: python }),
    },
  });
  const isOurs = (address: RunnerAddress): boolean =>
    address.pid === processId || address.startedAt >= launchedAt;
  try {
    while (processStatus(processId, launchedAt) !== 'ended') {
      const address = readRunnerAddress(run);
      if (address !== undefined && isOurs(address) && (await startsToWork(address, signal))) return;
      await delay(POLL_MS, undefined, { signal });
    }
  } catch (error) {
    if (signal.aborted) {
      await end(processId, launchedAt);
      if (isNewFolder && !existsSync(run.database)) {
        await removeNewRunFolder(run);
      }
    }
    throw error;
  }
  const problem = startProblem(run, logStart);
  if (problem !== undefined) throw ProblemError.of(problem);
}

/** True once the runner works, or stops already; false when the connection ends before. */
async function startsToWork(address: RunnerAddress, signal: AbortSignal): Promise<boolean> {
  let settle: (isWorking: boolean) => void = () => undefined;
  const settled = new Promise<boolean>((resolve) => {
    settle = resolve;
  });
  const giveUp = (): void => {
    settle(false);
  };
  let client: RunnerClient | undefined;
  try {
    client = await RunnerClient.connect(
      address,
      {
        message: (message) => {
          if (message.kind === 'state' && message.state !== 'starting') settle(true);
        },
        closed: giveUp,
      },
      signal,
    );
    if (client.state !== 'starting') return true;
    signal.addEventListener('abort', giveUp);
    const isWorking = await settled;
    if (signal.aborted) client.send({ kind: 'stop', when: 'now' });
    signal.throwIfAborted();
    return isWorking;
  } catch (error) {
    if (error instanceof ProblemError) return false;
    throw error;
  } finally {
    signal.removeEventListener('abort', giveUp);
    client?.close();
  }
}

/**
 * A first signal asks the runner to end after its step, a second one to end at once; two in a row
 * would count as one. What it had started ends with it.
 */
async function end(processId: number, launchedAt: string): Promise<void> {
  for (const [name, waitMs] of ENDING) {
    try {
      process.kill(processId, name);
    } catch {
      // It has ended already.
      return;
    }
    const deadlineMs = Date.now() + waitMs;
    while (Date.now() < deadlineMs && processStatus(processId, launchedAt) !== 'ended') {
      await delay(POLL_MS);
    }
  }
}

/** Why the runner ended; undefined when it did so because there was nothing left to do. */
function startProblem(run: RunFolder, logStart: number): Problem | undefined {
  const said = problemInLog(run.runnerLog, logStart);
  if (said !== undefined) return said;
  const outcome = readRunOutcome(run);
  if (outcome?.kind === 'failed') return outcome.problem;
  return outcome === undefined ? unexplainedEnd(run, run.runnerLog) : undefined;
}

/** With `--log` the command line ends a failure with the line `{"error": {…}}`. */
function problemInLog(file: string, start: number): Problem | undefined {
  for (const line of tailOf(file, start).split('\n').reverse()) {
    if (!line.startsWith('{"error":')) continue;
    try {
      const { error } = JSON.parse(line) as { error: unknown };
      if (isProblem(error)) return error;
    } catch {
      // A line that was cut short by a full disk.
    }
  }
  return undefined;
}

function tailOf(file: string, start: number): string {
  let descriptor: number | undefined;
  try {
    descriptor = openForReading(file, 'refuse');
    const { size } = fstatSync(descriptor);
    const from = Math.max(start, size - LOG_TAIL_BYTES);
    const buffer = Buffer.alloc(Math.max(0, size - from));
    const length = readSync(descriptor, buffer, 0, buffer.length, from);
    return buffer.toString('utf8', 0, length);
  } catch {
    return '';
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
