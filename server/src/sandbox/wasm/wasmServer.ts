/** One worker process of the wasm engine: started, given one request at a time, killed or stopped. */
import { ProblemError } from '../../../protocol/problem.ts';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type {
  RequestBody,
  SandboxServer,
  ServerAnswer,
  ServerRequest,
  Variant,
} from '../pool/sandboxServer.ts';
import type { Response } from '../pool/wire.ts';
import { ServerExchange } from '../pool/serverExchange.ts';
import type {
  Prepared,
  WorkerHello,
  WorkerPermissions,
  WorkerRequest,
  WorkerResponse,
  WorkerStart,
} from './messages.ts';
import { surroundingsOf } from './surroundings.ts';
import { WORKER_PROGRAM, WORKER_READABLE } from './workerProgram.ts';

const START_TIMEOUT_MS = 60_000;
/** How long a worker may overrun a request's limits, which it watches itself. */
const GRACE_MS = 5_000;
/** The same where it has to prepare the variant's interpreter first. */
const PREPARATION_MS = 20_000;
/**
 * A worker that holds more resident memory between two programs is replaced. One that has run programs
 * of both variants and has replaced its thread holds some 250 MB: Node, the compiled interpreter, two
 * prepared states. The rest is room for what the memory allocator keeps. Nothing is known to fill it.
 */
const HELD_BYTES = 400 << 20;
/**
 * A worker is warm when its programs have taken so much processor time: V8 has by then compiled the
 * interpreter for speed. A cold one takes up to 1.7 times as long for the same program.
 */
const WARM_AFTER_MS = 2_000;
const HEAP_MB = 128;
const COMPLAINT_CHARACTERS = 2_000;

const NODE_OPTIONS = [
  '--permission',
  '--allow-worker',
  `--allow-fs-read=${WORKER_READABLE}`,
  `--max-old-space-size=${HEAP_MB}`,
  '--disallow-code-generation-from-strings',
  '--expose-gc',
  '--no-warnings',
];

/** A response that says how long each of its executions took. */
type WasmResponse = Response & Required<Pick<Response, 'executions'>>;

export class WasmServer implements SandboxServer {
  readonly permissions: WorkerPermissions;
  readonly #process: ChildProcess;
  readonly #exchange: ServerExchange<WorkerResponse>;
  readonly #onPrepared: (variant: Variant, prepared: Prepared) => void;
  /** Whose interpreters the worker has, so that it need not prepare them while a request waits. */
  readonly #variants: Set<Variant>;
  /** Processor time of all programs so far. */
  #programCpuMs = 0;

  private constructor(
    subprocess: ChildProcess,
    { hasPermissions, hasNetworkPermission }: WorkerHello,
    variants: readonly Variant[],
    onPrepared: (variant: Variant, prepared: Prepared) => void,
  ) {
    this.#process = subprocess;
    this.#variants = new Set(variants);
    this.#onPrepared = onPrepared;
    this.#exchange = new ServerExchange(() => subprocess.kill('SIGKILL'), 0n);
    this.permissions = { hasPermissions, hasNetworkPermission };
    subprocess.on('message', (response) => {
      this.#exchange.settle(response as WorkerResponse);
    });
    void exited(subprocess).then(() => {
      this.#exchange.ended();
    });
  }

  /**
   * Starts a worker; throws a ProblemError when it does not get ready.
   * @param name what a list of processes shows it with; it means nothing to the worker
   * @param onPrepared is given what later workers need not prepare
   */
  static async start(
    start: WorkerStart,
    name: string,
    onPrepared: (variant: Variant, prepared: Prepared) => void,
  ): Promise<WasmServer> {
    const subprocess = spawnWorker(name);
    let complaint = '';
    subprocess.stderr!.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(0, COMPLAINT_CHARACTERS);
    });
    const timer = setTimeout(() => subprocess.kill('SIGKILL'), START_TIMEOUT_MS);
    const ended = exited(subprocess).then(() => undefined);
    const given: readonly Variant[] = start.prepared[1] === undefined ? [0] : [0, 1];
    // Writing to a worker that has just died is answered by its exit.
    subprocess.send(start, () => undefined);
    const greeting = once(subprocess, 'message').catch((error: unknown) => {
      // It could not even be started.
      complaint = error instanceof Error ? error.message : String(error);
      return undefined;
    });
    const first = await Promise.race([greeting, ended]);
    clearTimeout(timer);
    if (first === undefined) throw refusal(complaint);
    const hello = first[0] as WorkerHello;
    if (hello.prepared !== undefined) onPrepared(0, hello.prepared);
    return new WasmServer(subprocess, hello, given, onPrepared);
  }

  get alive(): boolean {
    return this.#exchange.alive;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get served(): number {
    return this.#exchange.served;
  }

  /**
   * An execution that takes too long in a cold worker is tried again, so that what a limit allows does not
   * depend on what ran before. All its tries share the time on the wall that one may have.
   */
  async handle(request: ServerRequest): Promise<ServerAnswer> {
    const reported: WasmResponse[] = [];
    let { wallMs } = request.header;
    for (;;) {
      const isCold = this.#programCpuMs < WARM_AFTER_MS;
      const done = reported.flatMap(({ executions }) => executions);
      const asked = performance.now();
      const answer = await this.#ask(request, done.length, wallMs);
      if (typeof answer === 'string') return answer;
      reported.push(answer);
      if (isCold && answer.end === 'cpu-limit') {
        // With what a new thread takes to start.
        const tookMs = performance.now() - asked;
        wallMs -= Math.ceil(tookMs - sum(answer.executions.map((each) => each.wallMs)));
        if (wallMs >= request.header.cpuMs) continue;
      }
      return {
        ...answer,
        payload: Buffer.concat(reported.map(({ payload }) => payload)),
        executions: reported.flatMap(({ executions }) => executions),
      };
    }
  }

  /** Has the executions done that come after the first `done`. */
  async #ask(
    { header, body, variant, round }: ServerRequest,
    done: number,
    wallMs: number,
  ): Promise<WasmResponse | Exclude<ServerAnswer, Response>> {
    const { host, seed } = surroundingsOf(variant, round);
    const bodies = executionsOf({ ...body, inputs: body.inputs.slice(done) }, seed);
    const answer = await this.#exchange.request(
      (identifier) => {
        const request: WorkerRequest = {
          ...{ ...header, wallMs, executions: bodies.length },
          ...{ identifier, variant, surroundings: host },
          bodies: bodies.map((each) => JSON.stringify(each)),
          token: body.nonce,
        };
        this.#process.send(request, () => undefined);
      },
      wallMs * bodies.length + (this.#variants.has(variant) ? GRACE_MS : PREPARATION_MS),
    );
    if (typeof answer === 'string') return answer;
    this.#variants.add(variant);
    this.#programCpuMs += answer.cpuMs;
    if (answer.heldBytes > HELD_BYTES) this.kill();
    if (answer.prepared !== undefined) this.#onPrepared(variant, answer.prepared);
    return { ...answer, payload: asBuffer(answer.payload) };
  }

  kill(): void {
    this.#exchange.kill();
  }

  async stop(): Promise<void> {
    this.kill();
    await exited(this.#process);
  }
}

/**
 * One request of the harness for each execution, so that where one ends and the next begins is not for
 * the program to say. An inspection is one.
 * @param seed of the interpreter's surroundings, which are made up once, before the first
 */
function executionsOf(
  body: RequestBody,
  seed: string | undefined,
): (RequestBody & { readonly surroundings?: string })[] {
  if (body.operation === 'inspect') return [body];
  return body.inputs.map((input, index) => ({
    ...body,
    inputs: [input],
    ...(seed !== undefined && index === 0 && { surroundings: seed }),
  }));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function spawnWorker(name: string): ChildProcess {
  return fork(WORKER_PROGRAM, [name], {
    execArgv: NODE_OPTIONS,
    // Inside VS Code the executable is Electron, which is Node only when this says so.
    env: process.versions['electron'] === undefined ? {} : { ELECTRON_RUN_AS_NODE: '1' },
    cwd: path.parse(WORKER_PROGRAM).root,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
    // A group of its own: a terminal's interrupt passes it by. It still ends with its owner.
    detached: process.platform !== 'win32',
  });
}

async function exited(subprocess: ChildProcess): Promise<void> {
  if (subprocess.exitCode !== null || subprocess.signalCode !== null) return;
  await new Promise((resolve) => {
    subprocess.once('exit', resolve);
    subprocess.once('error', resolve);
  });
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function refusal(complaint: string): ProblemError {
  return new ProblemError({
    code: 'worker-refused',
    message: `The sandbox's worker did not start: ${complaint.trim() || 'it ended without a message.'}`,
    remedy:
      'The sandbox could not start. Free some memory and try again; if it keeps failing, report it.',
  });
}
