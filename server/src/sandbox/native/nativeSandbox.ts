/**
 * The native engine, on Linux: CPython in a jail of resource limits, seccomp and Landlock, and of
 * namespaces where bubblewrap works. `SECURITY.md` says what it contains and what it does not.
 */
import { ProblemError } from '../../../protocol/problem.ts';
import { availableParallelism } from 'node:os';
import type { ExecutionLimits, SandboxDescription } from '../../../protocol/sandbox.ts';
import { DEFAULT_HARNESS_PATH, ForkServer, type ForkServerHello } from './forkServer.ts';
import { PooledSandbox } from '../pool/pooledSandbox.ts';
import { NO_OUTER_RING, openOuterRing, type OuterRingResult } from './outerRing.ts';
import { findPython } from './pythonInterpreter.ts';

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

/** After so many requests a fork server is replaced, in case something in it grows. */
const REQUESTS_PER_SERVER = 5_000;

export type NativeSandbox = PooledSandbox<ForkServer>;

/** Opens the jail; throws a ProblemError with a remedy where it cannot be closed. */
export async function openNativeSandbox(
  options: NativeSandboxOptions = {},
): Promise<NativeSandbox> {
  if (process.platform !== 'linux') {
    throw new ProblemError({
      code: 'unsupported-platform',
      message: `The native sandbox needs Linux; this is ${process.platform}.`,
      remedy: 'Choose the sandbox "wasm", or on Windows run AZR Studio inside WSL.',
    });
  }
  const python = await findPython(options.pythonPath ?? 'python3');
  const harnessPath = options.harnessPath ?? DEFAULT_HARNESS_PATH;
  const outer =
    options.outerRing === false ? NO_OUTER_RING : await openOuterRing(python, harnessPath);
  return PooledSandbox.open(
    {
      start: (variant) => ForkServer.start(python, harnessPath, variant, outer.ring),
      oneVariantEach: true,
      workers: Math.max(1, options.workers ?? availableParallelism()),
      requestsPerServer: options.requestsPerServer ?? REQUESTS_PER_SERVER,
    },
    options.limits ?? {},
    ({ hello }) => describe(hello, outer),
  );
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
