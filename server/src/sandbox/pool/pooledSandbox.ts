/** A sandbox over a pool of servers: what is the same whichever engine runs the programs. */
import { randomBytes } from 'node:crypto';
import {
  DEFAULT_EXECUTION_LIMITS,
  type Execution,
  type ExecutionLimits,
  type ExecutionOptions,
  type ProgramInspection,
  type PythonSandbox,
  type SandboxDescription,
} from '../../../protocol/sandbox.ts';
import type { ExecutionOutcome } from '../../../protocol/vocabulary.ts';
import { formatArguments } from '../../literal/format.ts';
import { parseArguments } from '../../literal/parse.ts';
import { failedExecution, readExecutions, readInspection, uninspectable } from './reports.ts';
import {
  type SandboxServer,
  type SERVER_DIED,
  SERVER_HUNG,
  type ServerAnswer,
} from './sandboxServer.ts';
import { type PoolSettings, ServerPool } from './serverPool.ts';
import { NONCE_BYTES, RELAY_BYTES } from './wire.ts';

/** Longest program text that is sent into the jail. */
const PROGRAM_CHARACTERS = 1_000_000;

/** A character takes at most 12 bytes in the report, as two \u escapes. */
const BYTES_PER_CHARACTER = 12;
const REPORT_BYTES = 16_384;

/** After so many of a batch's inputs have ended their process, the rest are not tried. */
const LOST_PROCESSES = 2;
/** Nor are they after one of these. */
const GIVEN_UP = new Set<ExecutionOutcome | undefined>(['timeout', 'unavailable']);

export class PooledSandbox<Server extends SandboxServer = SandboxServer> implements PythonSandbox {
  readonly description: SandboxDescription;
  readonly #pool: ServerPool<Server>;
  readonly #limits: ExecutionLimits;

  private constructor(
    pool: ServerPool<Server>,
    description: SandboxDescription,
    limits: ExecutionLimits,
  ) {
    this.#pool = pool;
    this.description = description;
    this.#limits = limits;
  }

  /** Opens the pool; closes it again and rejects when its first server refuses to start. */
  static async open<Server extends SandboxServer>(
    settings: PoolSettings<Server>,
    limits: Partial<ExecutionLimits>,
    describe: (first: Server) => SandboxDescription,
  ): Promise<PooledSandbox<Server>> {
    const pool = new ServerPool(settings);
    try {
      const first = await pool.open();
      const all = { ...DEFAULT_EXECUTION_LIMITS, ...limits };
      return new PooledSandbox(pool, describe(first), all);
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  /** Process ids of the servers, for tests that watch or kill them. */
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

  /**
   * Goes on in a new process after an input that ended the old one, up to a point, but not after one
   * that took all its time: what hangs on one input mostly hangs on the next.
   */
  async #runAll(
    program: string,
    inputs: readonly string[],
    options: ExecutionOptions,
  ): Promise<Execution[]> {
    const limits = this.#limitsOf(options);
    const executions: Execution[] = [];
    for (let lost = 0; executions.length < inputs.length && lost < LOST_PROCESSES; lost += 1) {
      if (GIVEN_UP.has(executions.at(-1)?.outcome)) break;
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
  ): Promise<ServerAnswer> {
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
      round: options.round ?? 0,
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
