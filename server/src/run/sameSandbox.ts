/** What a run's sandbox may not change into. */
import { ProblemError } from '../../protocol/problem.ts';
import type { SandboxDescription } from '../../protocol/sandbox.ts';

/**
 * One run, one sandbox: a task's gold values hold for the Python that computed them. Throws a
 * ProblemError when `sandbox` is not the one that the run had in its first session.
 */
export function requireSameSandbox(
  sandbox: SandboxDescription,
  before: SandboxDescription | undefined,
): void {
  if (before === undefined) return;
  if (before.engine !== sandbox.engine || before.pythonVersion !== sandbox.pythonVersion) {
    throw new ProblemError({
      code: 'sandbox-changed',
      message: `The run used the ${before.engine} sandbox with Python ${before.pythonVersion}; this one is ${sandbox.engine} with Python ${sandbox.pythonVersion}.`,
      remedy:
        before.engine === 'wasm'
          ? 'Continue with the version of AZR Studio that it was started with, or start a new run.'
          : 'Continue with the same Python, or start a new run.',
    });
  }
}
