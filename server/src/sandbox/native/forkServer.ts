/** One fork server process: started, given one request at a time, killed or stopped. */
import { type ProblemCode, ProblemError } from '../../../protocol/problem.ts';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { OuterRing } from './outerRing.ts';
import { forkServerCommand, type PythonInterpreter } from './pythonInterpreter.ts';
import {
  HASH_SEEDS,
  type SandboxServer,
  type ServerAnswer,
  type ServerRequest,
  type Variant,
} from '../pool/sandboxServer.ts';
import { ServerExchange } from '../pool/serverExchange.ts';
import {
  encodeRequest,
  FIRST_REQUEST,
  HELLO,
  type NumberedResponse,
  ResponseReader,
} from '../pool/wire.ts';

/** Where the harness lies beside the sources; a bundle names its own copy. */
export const DEFAULT_HARNESS_PATH = fileURLToPath(
  new URL('../../../sandbox/zygote.py', import.meta.url),
);

/** What a fork server tells about itself once its lockdown has been proved. */
export interface ForkServerHello {
  readonly python: string;
  readonly rings: readonly string[];
}

const START_TIMEOUT_MS = 30_000;
/** How long a server may overrun a request's limits before it is taken for broken and killed. */
const GRACE_MS = 5_000;
const ERROR_CHARACTERS = 2_000;

export class ForkServer implements SandboxServer {
  readonly hello: ForkServerHello;
  readonly #process: Subprocess;
  readonly #reader = new ResponseReader();
  readonly #exchange: ServerExchange<NumberedResponse>;

  private constructor(subprocess: Subprocess, hello: ForkServerHello) {
    this.#process = subprocess;
    this.hello = hello;
    const kill = (): void => {
      killGroup(subprocess);
    };
    this.#exchange = new ServerExchange(kill, FIRST_REQUEST);
    subprocess.stdout.on('data', (chunk: Buffer) => {
      for (const response of this.#reader.push(chunk)) this.#exchange.settle(response);
    });
    void subprocess.finally(() => {
      this.#exchange.ended();
    });
  }

  /**
   * Starts a server with the hash seed and the clock of `variant`, inside `ring` if there is one;
   * throws a ProblemError when it refuses.
   */
  static async start(
    python: PythonInterpreter,
    harnessPath: string,
    variant: Variant,
    ring?: OuterRing,
  ): Promise<ForkServer> {
    const subprocess = spawnServer(python, harnessPath, variant, ring);
    // Writing to a server that has just died is answered by its exit.
    subprocess.stdin.on('error', () => undefined);
    const complaint = collectText(subprocess.stderr);
    const first = await firstResponse(subprocess);
    if (first?.identifier !== HELLO) {
      killGroup(subprocess);
      await subprocess;
      throw refusal(first, complaint());
    }
    return new ForkServer(subprocess, JSON.parse(first.payload.toString()) as ForkServerHello);
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

  handle({ header, body }: ServerRequest): Promise<ServerAnswer> {
    return this.#exchange.request(
      (identifier) => this.#process.stdin.write(encodeRequest({ ...header, identifier }, body)),
      header.wallMs * header.executions + GRACE_MS,
    );
  }

  kill(): void {
    this.#exchange.kill();
  }

  async stop(): Promise<void> {
    this.kill();
    await this.#process;
  }
}

type Subprocess = ReturnType<typeof spawnServer>;

// The type of a subprocess follows from its options, which only execa can spell out.
function spawnServer(
  python: PythonInterpreter,
  harnessPath: string,
  variant: Variant,
  ring: OuterRing | undefined,
) {
  const plain = forkServerCommand(python, harnessPath);
  const command = variant === 0 ? plain : ([...plain, '--second-variant'] as const);
  const inside = [...command, '--namespaces'] as const;
  const hashSeed = String(HASH_SEEDS[variant]);
  const environment = { PYTHONHASHSEED: hashSeed, LC_ALL: 'C.UTF-8', LD_BIND_NOW: '1' };
  const spawned = ring?.wrap(inside, environment) ?? { command, environment };
  const [file, ...argumentList] = spawned.command;
  return execa(file, argumentList, {
    buffer: false,
    encoding: 'buffer',
    env: spawned.environment,
    extendEnv: false,
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    cwd: '/',
    reject: false,
    // A group of its own: a terminal's interrupt passes it by, and one kill reaches server and child.
    detached: true,
  });
}

function killGroup(subprocess: Subprocess): void {
  if (subprocess.pid === undefined || subprocess.exitCode !== null) return;
  try {
    process.kill(-subprocess.pid, 'SIGKILL');
  } catch {
    // Already gone.
  }
}

function collectText(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    if (text.length < ERROR_CHARACTERS) text += chunk.toString();
  });
  return () => text.slice(0, ERROR_CHARACTERS).trim();
}

/** The server's first message, or undefined when it ends or stays silent instead. */
async function firstResponse(subprocess: Subprocess): Promise<NumberedResponse | undefined> {
  const reader = new ResponseReader();
  const timer = setTimeout(() => {
    killGroup(subprocess);
  }, START_TIMEOUT_MS);
  const silent = subprocess.then(() => undefined);
  try {
    while (true) {
      const event = await Promise.race([once(subprocess.stdout, 'data'), silent]);
      if (event === undefined) return undefined;
      const [response] = reader.push(event[0] as Buffer);
      if (response !== undefined) return response;
    }
  } finally {
    clearTimeout(timer);
  }
}

const REFUSAL_CODES: Readonly<Record<string, ProblemCode>> = {
  seccomp: 'seccomp-unavailable',
  landlock: 'landlock-unavailable',
};

const REMEDIES: Readonly<Partial<Record<ProblemCode, string>>> = {
  'seccomp-unavailable':
    'Use a Linux kernel with seccomp, and in a container a seccomp profile that lets a process ' +
    'install a filter of its own.',
  'landlock-unavailable':
    'Use Linux 5.13 or newer with Landlock enabled, or install bubblewrap where namespaces are allowed.',
};

/** Programs are never run with less: what cannot be closed is an error, with its reason. */
function refusal(first: NumberedResponse | undefined, complaint: string): ProblemError {
  const told = first === undefined ? {} : readRefusal(first.payload);
  const code = REFUSAL_CODES[told.missing ?? ''] ?? 'jail-refused';
  return new ProblemError({
    code,
    message: `The jail for untrusted programs could not be closed: ${told.message ?? (complaint || 'it ended without a message.')}`,
    remedy:
      REMEDIES[code] ??
      'Use Linux on x86_64 or aarch64 with a working Python, and read the message.',
  });
}

/** The server's own word, sent before any program was near it. */
function readRefusal(payload: Buffer): { readonly missing?: string; readonly message?: string } {
  return JSON.parse(payload.toString()) as { missing?: string; message?: string };
}
