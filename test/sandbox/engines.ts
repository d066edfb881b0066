/** The sandboxes that every suite here is run against. A new engine is a new row. */
import path from 'node:path';
import type { ExecutionLimits, PythonSandbox } from '../../server/protocol/sandbox.ts';
import { DEFAULT_HARNESS_PATH } from '../../server/src/sandbox/native/forkServer.ts';
import { openNativeSandbox } from '../../server/src/sandbox/native/nativeSandbox.ts';
import { openOuterRing } from '../../server/src/sandbox/native/outerRing.ts';
import { findPython } from '../../server/src/sandbox/native/pythonInterpreter.ts';
import { openWasmSandbox } from '../../server/src/sandbox/wasm/wasmSandbox.ts';

/** What a suite may ask of any engine; one that has no use for an option ignores it. */
export interface EngineOptions {
  readonly workers?: number;
  readonly limits?: Partial<ExecutionLimits>;
  /** A path of its own for the harness tells one sandbox's processes from all others. */
  readonly harnessPath?: string;
  readonly pythonPath?: string;
  /** How many requests a worker answers before it is replaced. */
  readonly requestsPerServer?: number;
}

/** A sandbox whose processes a test can find. */
export type TestedSandbox = PythonSandbox & { readonly serverPids: readonly number[] };

export interface Engine {
  readonly name: string;
  open(options: EngineOptions): Promise<TestedSandbox>;
  /** Why it cannot be tried on this machine; undefined when it can. */
  missing(): Promise<string | undefined>;
}

export const ENGINES: readonly Engine[] = [
  {
    name: 'wasm',
    open: ({ harnessPath, ...options }) =>
      openWasmSandbox({
        ...options,
        ...(harnessPath !== undefined && { sandboxFolder: path.dirname(harnessPath) }),
      }),
    missing: () => Promise.resolve(undefined),
  },
  {
    name: 'native in namespaces',
    open: (options) => openNativeSandbox(options),
    missing: async () => {
      if (process.platform !== 'linux') return 'it needs Linux';
      return (await openOuterRing(await findPython('python3'), DEFAULT_HARNESS_PATH)).reason;
    },
  },
  {
    name: 'native without namespaces',
    open: (options) => openNativeSandbox({ ...options, outerRing: false }),
    missing: () => Promise.resolve(process.platform === 'linux' ? undefined : 'it needs Linux'),
  },
];

/** Opens a sandbox of `engine`, gives it to `use`, and closes it whatever happens. */
export async function withSandbox(
  engine: Engine,
  options: EngineOptions,
  use: (sandbox: TestedSandbox) => Promise<void>,
): Promise<void> {
  const sandbox = await engine.open(options);
  try {
    await use(sandbox);
  } finally {
    await sandbox.close();
  }
}

/**
 * One of each kind, for suites about the pool and its processes, which outer ring a native one has
 * being the same to them: `wasm`, and the first native one that works here.
 */
export async function oneEngineOfEachKind(): Promise<Awaited<ReturnType<typeof availableEngines>>> {
  const { available, missing } = await availableEngines();
  const native = available.find(({ name }) => name.startsWith('native'));
  return {
    available: available.filter((engine) => engine.name === 'wasm' || engine === native),
    missing,
  };
}

/** The engines that can be tried here; a suite names the others and why it leaves them out. */
export async function availableEngines(): Promise<{
  readonly available: readonly Engine[];
  readonly missing: readonly { readonly name: string; readonly reason: string }[];
}> {
  const reasons = await Promise.all(ENGINES.map((engine) => engine.missing()));
  return {
    available: ENGINES.filter((_, index) => reasons[index] === undefined),
    missing: ENGINES.flatMap(({ name }, index) => {
      const reason = reasons[index];
      return reason === undefined ? [] : [{ name, reason }];
    }),
  };
}
