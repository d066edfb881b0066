/**
 * The wasm engine: CPython compiled to WebAssembly, in worker processes that can do nothing else. A
 * program can reach the functions of `hostImports.ts` and its own memory, which is restored before
 * the next one. `SECURITY.md` says what it contains and what it does not.
 */
import { availableParallelism } from 'node:os';
import {
  DEFAULT_EXECUTION_LIMITS,
  type ExecutionLimits,
  type SandboxDescription,
} from '../../../protocol/sandbox.ts';
import { PooledSandbox } from '../pool/pooledSandbox.ts';
import { HASH_SEEDS } from '../pool/sandboxServer.ts';
import { userCache } from '../../files/userCache.ts';
import { DEFAULT_SANDBOX_FOLDER, loadInterpreter } from './artifact.ts';
import { withMemoryMaximum } from './memoryMaximum.ts';
import { START_BYTES, type WorkerPermissions, type WorkerStart } from './messages.ts';
import { PreparedStates } from './preparedStates.ts';
import { FIRST_ROUND } from './surroundings.ts';
import { WasmServer } from './wasmServer.ts';

export interface WasmSandboxOptions {
  /** How many programs may run at a time; the number of cores by default. */
  readonly workers?: number;
  /**
   * Defaults of every execution that does not bring its own. No execution gets more memory than these
   * say, whatever it brings.
   */
  readonly limits?: Partial<ExecutionLimits>;
  /** `server/sandbox`; a bundle names its own copy. */
  readonly sandboxFolder?: string;
  /** How many requests a worker process answers before it is replaced. */
  readonly requestsPerServer?: number;
  /** Keeps prepared interpreters for the next sandbox; the user's cache by default. */
  readonly statesFolder?: string;
}

/** Besides what a program may use: the text of the program and of its request. */
const ROOM_MB = 8;

/** Nothing in a worker grows, so this is a precaution. */
const REQUESTS_PER_SERVER = 200_000;

/** Addresses below 512 MiB, all with the same low bits, which alignment shows. */
const ADDRESS_MASKS = [0x0000_0000, 0x15a3_c5f0] as const;

/** A mask alone would leave the distances of two addresses, and all that is counted, as they are. */
const LAYOUT_SEEDS = [0, 2_718_281] as const;

export type WasmSandbox = PooledSandbox<WasmServer>;

/** Opens it; throws a ProblemError with a remedy when the installation is damaged. */
export async function openWasmSandbox(options: WasmSandboxOptions = {}): Promise<WasmSandbox> {
  const sandboxFolder = options.sandboxFolder ?? DEFAULT_SANDBOX_FOLDER;
  const interpreter = await loadInterpreter(sandboxFolder);
  const { program, digest, bootSource, pythonVersion } = interpreter;
  const seeds = (variant: 0 | 1): WorkerStart['variants'][0] => ({
    hashSeed: HASH_SEEDS[variant],
    addressMask: ADDRESS_MASKS[variant],
    layoutSeed: LAYOUT_SEEDS[variant],
    host: FIRST_ROUND[variant],
  });
  const variants: WorkerStart['variants'] = [seeds(0), seeds(1)];
  const folder = options.statesFolder ?? userCache('sandbox');
  const states = folder && new PreparedStates({ digest, bootSource, variants }, folder);
  const prepared = states ? await states.read() : {};
  const { memoryMb } = { ...DEFAULT_EXECUTION_LIMITS, ...options.limits };
  const mostBytes = START_BYTES + (memoryMb + ROOM_MB) * 2 ** 20;
  const limited = withMemoryMaximum(program, mostBytes);
  const start: WorkerStart = { program: limited, bootSource, variants, prepared };
  const startWorker = (): Promise<WasmServer> =>
    WasmServer.start(start, sandboxFolder, (variant, state) => {
      if (prepared[variant] !== undefined) return;
      prepared[variant] = state;
      if (states) void states.write(variant, state);
    });
  return PooledSandbox.open(
    {
      start: startWorker,
      oneVariantEach: false,
      workers: Math.max(1, options.workers ?? availableParallelism()),
      requestsPerServer: options.requestsPerServer ?? REQUESTS_PER_SERVER,
    },
    options.limits ?? {},
    ({ permissions }) => describe(permissions, pythonVersion),
  );
}

function describe(permissions: WorkerPermissions, pythonVersion: string): SandboxDescription {
  return {
    engine: 'wasm',
    pythonVersion,
    rings: [
      'WebAssembly without files, network, processes or threads',
      'memory restored before every program',
      'hard memory limit',
      'process of its own without environment',
      ...(permissions.hasPermissions ? ['Node permissions: no files, no processes'] : []),
      ...(permissions.hasNetworkPermission ? ['Node permissions: no network'] : []),
    ],
    notPromised: [
      'A program can report a false result about itself.',
      "No protection against a fault in V8's WebAssembly or in Node behind the few functions it is given.",
    ],
  };
}
