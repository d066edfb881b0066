/**
 * A process without rights for what came with a model folder from anybody: each request to it has a
 * limit of time, and the process one of memory. What goes over a limit is ended with the process.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { BEGUN, type Refusal } from './answerRequests.mjs';
import type { ConfinedProgram } from './confinedPrograms.ts';

/** Of Node itself, on a machine that does much else. */
const START_MS = 30_000;
/** The process keeps the limit itself; this is for one that cannot, as in one long call of the runtime. */
const SILENCE_MS = 1_000;
const MEMORY_LOOK_MS = 50;
const KILLED: Refusal = { refusal: 'its process was killed, as systems do when memory runs out' };
const CLOSED: Refusal = { refusal: 'it was closed' };

export interface ConfinedOptions<Request> {
  readonly program: ConfinedProgram;
  /** Of JavaScript's objects. */
  readonly heapMb: number;
  /** Of everything that the process has in memory, for single calls that no limit of the heap stops. */
  readonly residentMb: number;
  /** Opens what a process gets as its standard input; may throw. */
  readonly openInput?: () => number;
  /** Asked of each process before anything else. */
  readonly first?: { readonly request: Request; readonly limitMs: number };
}

export class ConfinedProcess<Request, Answer extends object> {
  readonly #options: ConfinedOptions<Request>;
  #process: ChildProcess | undefined;
  /** One request at a time: the process answers in no other order. */
  #last: Promise<unknown> = Promise.resolve();
  #closings = 0;
  /** What went over a limit once would do so again. */
  #exceeded: Refusal | undefined;

  constructor(options: ConfinedOptions<Request>) {
    this.#options = options;
  }

  /** Starts a process where none is running. Resolves and rejects like {@link ask}. */
  open(): Promise<Refusal | undefined> {
    return this.#inTurn(() => this.#start());
  }

  /**
   * The answer, or why there is none: also when the process was closed before it was given. Rejects
   * only with what `openInput` throws.
   */
  ask(request: Request, limitMs: number): Promise<Answer | Refusal> {
    return this.#inTurn(async () => {
      const known = this.#process;
      const answer = (await this.#start()) ?? (await this.#exchange(request, limitMs));
      // It may have been killed before it was asked, before its exit was reported.
      if (answer !== KILLED || known === undefined) return answer;
      return (await this.#start()) ?? (await this.#exchange(request, limitMs));
    });
  }

  /** Ends the process; another request starts a new one. */
  close(): void {
    this.#closings += 1;
    this.#end();
  }

  #inTurn<Result>(work: () => Promise<Result | Refusal>): Promise<Result | Refusal> {
    const closings = this.#closings;
    const result = this.#last.then(() => {
      if (this.#exceeded !== undefined) return this.#exceeded;
      return closings === this.#closings ? work() : CLOSED;
    });
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** One that the system ended in the meantime is replaced. */
  async #start(): Promise<Refusal | undefined> {
    if (this.#process?.connected === true) return undefined;
    const { first } = this.#options;
    this.#process = startProcess(this.#options);
    const begun = await this.#answer(START_MS, () => undefined);
    if (begun !== BEGUN) return begun as Refusal;
    const answer = first && (await this.#exchange(first.request, first.limitMs));
    if (answer === undefined || !('refusal' in answer)) return undefined;
    this.#end();
    return answer;
  }

  async #exchange(request: Request, limitMs: number): Promise<Answer | Refusal> {
    const answer = (await this.#answer(limitMs + SILENCE_MS, (child) => {
      child.send({ request, limitMs }, () => undefined);
    })) as Answer | Refusal;
    if ('exceeded' in answer) this.#exceeded = answer;
    return answer;
  }

  /** What the process says next, after `send`. */
  #answer(limitMs: number, send: (child: ChildProcess) => void): Promise<unknown> {
    const child = this.#process;
    // It was closed while it started.
    if (child === undefined) return Promise.resolve(CLOSED);
    const { heapMb, residentMb } = this.#options;
    const closings = this.#closings;
    return new Promise((resolve) => {
      const settle = (answer: unknown): void => {
        clearTimeout(timer);
        clearInterval(look);
        child.removeAllListeners();
        // Sending to a process that has just ended is answered by its end.
        child.on('error', () => undefined);
        resolve(answer);
      };
      const refuse = (refusal: Refusal): void => {
        if (this.#process === child) this.#end();
        settle(refusal);
      };
      const timer = setTimeout(() => {
        refuse({ refusal: `it gave no answer within ${limitMs / 1000} s`, exceeded: true });
      }, limitMs);
      const look = setInterval(() => {
        if (residentBytes(child.pid) > residentMb * 2 ** 20) {
          refuse({ refusal: `it takes more than ${residentMb} MB of memory`, exceeded: true });
        }
      }, MEMORY_LOOK_MS);
      child.on('message', settle);
      child.on('exit', (_code, signal) => {
        if (closings !== this.#closings) refuse(CLOSED);
        else if (signal === 'SIGKILL') refuse(KILLED);
        else refuse({ refusal: `it takes more than ${heapMb} MB of memory`, exceeded: true });
      });
      child.on('error', (error) => {
        refuse({ refusal: `the process for it does not work: ${error.message}` });
      });
      send(child);
    });
  }

  #end(): void {
    this.#process?.kill('SIGKILL');
    this.#process = undefined;
  }
}

/** Known on Linux only. Elsewhere the limits of time and of the heap have to do. */
function residentBytes(pid: number | undefined): number {
  if (process.platform !== 'linux' || pid === undefined) return 0;
  try {
    const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 2 ** 10;
  } catch {
    // It has just ended.
    return 0;
  }
}

function startProcess(options: ConfinedOptions<unknown>): ChildProcess {
  const { program, heapMb } = options;
  const input = options.openInput?.();
  try {
    const child = fork(program.file, {
      execArgv: [
        '--permission',
        `--allow-fs-read=${program.readable}`,
        `--max-old-space-size=${heapMb}`,
        '--disallow-code-generation-from-strings',
        '--no-warnings',
      ],
      // Inside VS Code the executable is Electron, which is Node only when this says so.
      env: process.versions['electron'] === undefined ? {} : { ELECTRON_RUN_AS_NODE: '1' },
      cwd: path.parse(program.file).root,
      stdio: [input ?? 'ignore', 'ignore', 'ignore', 'ipc'],
      // A group of its own: a terminal's interrupt passes it by. It still ends with its owner.
      detached: process.platform !== 'win32',
    });
    // Only a request waits for it, and that has a timer.
    child.unref();
    child.channel?.unref();
    return child;
  } finally {
    if (input !== undefined) closeSync(input);
  }
}
