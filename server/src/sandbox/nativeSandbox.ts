/**
 * The native engine: CPython in a jail of resource limits, seccomp and Landlock. `SECURITY.md` says
 * what it contains and what it does not.
 */
import { availableParallelism } from 'node:os';
import type { ExecutionLimits, SandboxDescription } from '../../protocol/sandbox.ts';
import { DEFAULT_HARNESS_PATH, ForkServer, type ForkServerHello } from './forkServer.ts';
import { PooledSandbox } from './pooledSandbox.ts';
import { findPython } from './pythonInterpreter.ts';
import { SandboxError } from './sandboxError.ts';
import { HASH_SEEDS } from './sandboxServer.ts';

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
}

/** After so many requests a fork server is replaced, in case something in it grows. */
const REQUESTS_PER_SERVER = 5_000;

export type NativeSandbox = PooledSandbox<ForkServer>;

/** Opens the jail; throws a SandboxError with a remedy where it cannot be closed. */
export async function openNativeSandbox(
  options: NativeSandboxOptions = {},
): Promise<NativeSandbox> {
  if (process.platform === 'win32') {
    throw new SandboxError(
      'unsupported-platform',
      'The native sandbox needs Linux or macOS.',
      'On Windows, run AZR Studio inside WSL.',
    );
  }
  const python = await findPython(options.pythonPath ?? 'python3');
  const harnessPath = options.harnessPath ?? DEFAULT_HARNESS_PATH;
  return PooledSandbox.open(
    {
      start: (variant) => ForkServer.start(python, harnessPath, HASH_SEEDS[variant]),
      oneVariantEach: true,
      workers: Math.max(1, options.workers ?? availableParallelism()),
      requestsPerServer: options.requestsPerServer ?? REQUESTS_PER_SERVER,
    },
    options.limits ?? {},
    ({ hello }) => describe(hello),
  );
}

function describe(hello: ForkServerHello): SandboxDescription {
  const kernel = hello.rings.some((ring) => ring.startsWith('seccomp'));
  return {
    engine: 'native',
    pythonVersion: hello.python,
    rings: hello.rings,
    notPromised: [
      'A program can report a false result about itself.',
      ...(kernel
        ? [
            'No protection against a fault in the Linux kernel behind the few calls it still allows.',
          ]
        : [
            'Programs can read files and use the network: this system offers only resource limits.',
            'Memory limits are not enforced by every version of macOS.',
          ]),
    ],
  };
}
