/**
 * The native engine, on Linux: CPython in a jail of resource limits, seccomp and Landlock, and of
 * namespaces where bubblewrap works. `SECURITY.md` says what it contains and what it does not.
 */
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import {
  DEFAULT_EXECUTION_LIMITS,
  type Execution,
  type ExecutionLimits,
  type ExecutionOptions,
  type ProgramInspection,
  type PythonSandbox,
  type SandboxDescription,
} from '../../protocol/sandbox.ts';
import {
  DEFAULT_HARNESS_PATH,
  type ForkServerHello,
  type SERVER_DIED,
  SERVER_HUNG,
} from './forkServer.ts';
import { ForkServerPool, type PoolAnswer } from './forkServerPool.ts';
import { formatArguments } from './literal/format.ts';
import { parseArguments } from './literal/parse.ts';
import { NO_OUTER_RING, openOuterRing, type OuterRingResult } from './outerRing.ts';
import { findPython } from './pythonInterpreter.ts';
import { failedExecution, readExecutions, readInspection, uninspectable } from './reports.ts';
import { SandboxError } from './sandboxError.ts';
import { NONCE_BYTES, RELAY_BYTES } from './wire.ts';

export interface NativeSandboxOptions {
  /** Command or path of the Python to run programs with; `python3` by default. */
  readonly pythonPath?: string;
  /** How many programs may run at a time; the number of cores by default. */
  readonly workers?: number;
  /** Defaults of every execution that does not bring its own. */
  readonly limits?: Partial<ExecutionLimits>;
  /** The harness's entry file; a bundle names its own copy. */
  readonly harnessPath?: string;
  /** How many requests a fork server answers before it is replaced. */
  readonly requestsPerServer?: number;
  /** False leaves bubblewrap out, to measure or test the inner ring by itself. */
  readonly outerRing?: boolean;
}

/** Longest program text that is sent into the jail. */
const PROGRAM_CHARACTERS = 1_000_000;

/** A character takes at most 12 bytes in the report, as two \u escapes. */
const BYTES_PER_CHARACTER = 12;
const REPORT_BYTES = 16_384;

/** After so many of a batch's inputs have ended their process, the rest are not tried. */
const LOST_PROCESSES = 2;

/** Opens the jail; throws a SandboxError with a remedy where it cannot be closed. */
export async function openNativeSandbox(
  options: NativeSandboxOptions = {},
): Promise<NativeSandbox> {
  if (process.platform !== 'linux') {
    throw new SandboxError(
      'unsupported-platform',
      `The native sandbox needs Linux; this is ${process.platform}.`,
      'Choose the sandbox "wasm", or on Windows run AZR Studio inside WSL.',
    );
  }
  const python = await findPython(options.pythonPath ?? 'python3');
  const harnessPath = options.harnessPath ?? DEFAULT_HARNESS_PATH;
  const outer =
    options.outerRing === false ? NO_OUTER_RING : await openOuterRing(python, harnessPath);
  const pool = new ForkServerPool({
    python,
    harnessPath,
    outerRing: outer.ring,
    workers: Math.max(1, options.workers ?? availableParallelism()),
    ...(options.requestsPerServer !== undefined && {
      requestsPerServer: options.requestsPerServer,
    }),
  });
  try {
    const { hello } = await pool.open();
    return new NativeSandbox(pool, describe(hello, outer), {
      ...DEFAULT_EXECUTION_LIMITS,
      ...options.limits,
    });
  } catch (error) {
    await pool.close();
    throw error;
  }
}

export class NativeSandbox implements PythonSandbox {
  readonly description: SandboxDescription;
  readonly #pool: ForkServerPool;
  readonly #limits: ExecutionLimits;

  /** Use `openNativeSandbox`. */
  constructor(pool: ForkServerPool, description: SandboxDescription, limits: ExecutionLimits) {
    this.#pool = pool;
    this.description = description;
    this.#limits = limits;
  }

  /** Process ids of the fork servers, for tests and for `azr doctor`. */
  get serverPids(): readonly number[] {
    return this.#pool.serverPids;
  }

  async inspect(program: string, options: ExecutionOptions = {}): Promise<ProgramInspection> {
    if (program.length > PROGRAM_CHARACTERS) {
      return uninspectable(`The program is longer than ${PROGRAM_CHARACTERS} characters.`);
    }
    const limits = this.#limitsOf(options);
    const nonce = randomBytes(NONCE_BYTES);
    const answer = await this.#ask('inspect', program, [], limits, options, nonce);
    if (typeof answer === 'string') return uninspectable(unanswered(answer).message!);
    return readInspection(answer, nonce);
  }

  async run(program: string, input: string, options: ExecutionOptions = {}): Promise<Execution> {
    const [execution] = await this.runBatch(program, [input], options);
    return execution!;
  }

  async runBatch(
    program: string,
    inputs: readonly string[],
    options: ExecutionOptions = {},
  ): Promise<Execution[]> {
    options.signal?.throwIfAborted();
    if (program.length > PROGRAM_CHARACTERS) {
      const message = `The program is longer than ${PROGRAM_CHARACTERS} characters.`;
      return inputs.map(() => failedExecution('too-large', message));
    }
    const executions: Execution[] = [];
    const usable: { index: number; text: string }[] = [];
    for (const [index, input] of inputs.entries()) {
      const parsed = parseArguments(input);
      if (parsed.ok) usable.push({ index, text: formatArguments(parsed.value) });
      else executions[index] = failedExecution('bad-input', parsed.error.message);
    }
    const results = await this.#runAll(
      program,
      usable.map(({ text }) => text),
      options,
    );
    for (const [order, { index }] of usable.entries()) executions[index] = results[order]!;
    return executions;
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  /** Goes on in a new process after an input that ended the old one, up to a point. */
  async #runAll(
    program: string,
    inputs: readonly string[],
    options: ExecutionOptions,
  ): Promise<Execution[]> {
    const limits = this.#limitsOf(options);
    const executions: Execution[] = [];
    for (let lost = 0; executions.length < inputs.length && lost < LOST_PROCESSES; lost += 1) {
      const rest = inputs.slice(executions.length);
      const nonce = randomBytes(NONCE_BYTES);
      const answer = await this.#ask('run', program, rest, limits, options, nonce);
      if (typeof answer === 'string') executions.push(unanswered(answer));
      else executions.push(...readExecutions(answer, nonce, rest.length, limits));
    }
    const last = executions.at(-1);
    while (last !== undefined && executions.length < inputs.length) {
      executions.push({
        ...last,
        message: `Not tried, because earlier inputs ended the program. ${last.message ?? ''}`,
      });
    }
    return executions;
  }

  async #ask(
    operation: 'run' | 'inspect',
    program: string,
    inputs: readonly string[],
    limits: ExecutionLimits,
    options: ExecutionOptions,
    nonce: Buffer,
  ): Promise<PoolAnswer> {
    const count = Math.max(1, inputs.length);
    const characters = limits.outputCharacters + limits.stdoutCharacters;
    const reportBytes = characters * BYTES_PER_CHARACTER + REPORT_BYTES;
    return this.#pool.handle({
      header: {
        cpuMs: limits.cpuMs,
        wallMs: limits.wallMs,
        memoryMb: limits.memoryMb,
        executions: count,
        payloadBytes: Math.min(RELAY_BYTES, count * reportBytes + program.length),
      },
      body: {
        operation,
        program,
        inputs,
        nonce: nonce.toString('hex'),
        outputCharacters: limits.outputCharacters,
        stdoutCharacters: limits.stdoutCharacters,
      },
      variant: options.variant ?? 0,
      priority: options.priority ?? 'run',
      signal: options.signal,
    });
  }

  #limitsOf(options: ExecutionOptions): ExecutionLimits {
    return { ...this.#limits, ...options.limits };
  }
}

function unanswered(answer: typeof SERVER_DIED | typeof SERVER_HUNG): Execution {
  return answer === SERVER_HUNG
    ? failedExecution('timeout', 'The sandbox did not answer in time and was restarted.')
    : failedExecution('unavailable', 'The sandbox was killed twice while it ran this program.');
}

function describe(hello: ForkServerHello, outer: OuterRingResult): SandboxDescription {
  return {
    engine: 'native',
    pythonVersion: hello.python,
    rings: [...(outer.ring === undefined ? [] : [outer.ring.name]), ...hello.rings],
    notPromised: [
      'A program can report a false result about itself.',
      'No protection against a fault in the Linux kernel behind the few calls it still allows.',
      ...(outer.ring === undefined ? [`No namespaces around the jail: ${outer.reason}`] : []),
    ],
  };
}
