/** The local engine server as a child process that never outlives its owner. */
import { ProblemError } from '../../protocol/problem.ts';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { execa } from 'execa';

import { foreignProblem, foreignSentence } from '../../protocol/foreignProblem.ts';
import { openForAppending } from '../files/openFile.ts';
import { pythonStart } from '../python/pythonStart.mjs';
import { keepLog } from './engineLog.ts';

const CLOSE_MS = 3_000;

export interface EngineProcessOptions {
  /** Folder of a Hugging Face causal language model. */
  readonly modelFolder: string;
  /** Where checkpoints are saved to and loaded from, each a folder of its own. */
  readonly checkpointFolder: string;
  /** A Python with torch, transformers, peft, starlette and uvicorn. */
  readonly pythonPath: string;
  /** The folder that holds the Python package `azr_engine`. */
  readonly packageFolder: string;
  /** File that the server's own messages are appended to. */
  readonly logPath: string;
  readonly signal?: AbortSignal | undefined;
}

export interface EngineProcess {
  readonly url: string;
  readonly apiKey: string;
  readonly processId: number;
  /** Aborts, with an `ProblemError` as its reason, when the process ends. */
  readonly gone: AbortSignal;
  readonly close: () => Promise<void>;
}

/** Starts the server and waits until it listens. Rejects with a ProblemError. */
export async function startEngineProcess(options: EngineProcessOptions): Promise<EngineProcess> {
  options.signal?.throwIfAborted();
  const apiKey = randomBytes(32).toString('base64url');
  const log = openForAppending(options.logPath);
  const child = spawnServer(options, apiKey);
  const tail: string[] = [];
  keepLog(child.stderr, log);
  createInterface({ input: child.stderr }).on('line', (line) => {
    tail.push(foreignSentence(line));
    if (tail.length > 20) tail.shift();
  });
  const gone = new AbortController();
  const ended = child.then((result) => {
    gone.abort(endedError(result.exitCode, result.signal, tail, options.logPath));
  });
  const close = async (): Promise<void> => {
    // The server ends when its standard input closes; the signal is for one that hangs.
    child.stdin.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), CLOSE_MS);
    await ended;
    clearTimeout(timer);
  };
  try {
    const port = await listeningPort(child.stdout, gone.signal, options.signal);
    const processId = child.pid;
    if (processId === undefined) throw new Error('a listening process has an id');
    return { url: `http://127.0.0.1:${port}`, apiKey, processId, gone: gone.signal, close };
  } catch (error) {
    child.kill('SIGKILL');
    await ended;
    throw error;
  }
}

// The type of a subprocess follows from its options, which only execa can spell out.
function spawnServer(options: EngineProcessOptions, apiKey: string) {
  const { modelFolder, checkpointFolder } = options;
  return execa(
    options.pythonPath,
    [
      ...['-m', 'azr_engine', '--exit-with-stdin'],
      ...['--model', path.resolve(modelFolder), '--checkpoints', path.resolve(checkpointFolder)],
    ],
    {
      ...pythonStart({
        packages: [path.resolve(options.packageFolder)],
        variables: {
          AZR_ENGINE_TOKEN: apiKey,
          // Empty is "no": where it is forbidden, as in container images, every start would wait for
          // three thousand modules to be compiled, which set-up leaves to the first one.
          PYTHONDONTWRITEBYTECODE: '',
          HF_HUB_OFFLINE: '1',
          // Threads that wait for work sleep soon instead of spinning: the sandbox shares the cores.
          GOMP_SPINCOUNT: '1000',
          TOKENIZERS_PARALLELISM: 'false',
        },
      }),
      buffer: false,
      reject: false,
      // Ctrl-C goes to the whole terminal group; the owner decides when the engine ends.
      detached: process.platform !== 'win32',
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'pipe',
    },
  );
}

async function listeningPort(
  output: NodeJS.ReadableStream,
  gone: AbortSignal,
  signal: AbortSignal | undefined,
): Promise<number> {
  const either = AbortSignal.any([gone, ...(signal === undefined ? [] : [signal])]);
  const lines = createInterface({ input: output, signal: either });
  for await (const line of lines) {
    const event = asEvent(line);
    if (event?.event === 'listening' && event.port !== undefined) return event.port;
    if (event?.event === 'failed') {
      const code = event.code ?? 'engine_failed';
      const { error = line, remedy = '' } = event;
      throw ProblemError.of(foreignProblem({ code, message: error, remedy }));
    }
  }
  signal?.throwIfAborted();
  // Its output ended, so the process is ending too: wait for the reason.
  if (!gone.aborted) {
    await new Promise((resolve) => {
      gone.addEventListener('abort', resolve);
    });
  }
  throw gone.reason;
}

interface StartEvent {
  readonly event: string;
  readonly port?: number;
  readonly code?: string;
  readonly error?: string;
  readonly remedy?: string;
}

function asEvent(line: string): StartEvent | undefined {
  try {
    return JSON.parse(line) as StartEvent;
  } catch {
    return undefined;
  }
}

function endedError(
  exitCode: number | undefined,
  signal: string | undefined,
  tail: readonly string[],
  logPath: string,
): ProblemError {
  const how = signal === undefined ? `exit code ${exitCode ?? 'unknown'}` : `signal ${signal}`;
  const last = tail.at(-1);
  return new ProblemError({
    code: 'engine_ended',
    message: `The engine process ended (${how})${last === undefined ? '' : `: ${last}`}.`,
    remedy: `See ${logPath}; then resume the run from its last checkpoint.`,
  });
}
