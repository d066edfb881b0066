/** What a run's sandbox may not change into. */
import type { SandboxDescription } from '../../protocol/sandbox.ts';
import { RunnerError } from '../../protocol/runnerError.ts';

/**
 * One run, one sandbox: a task's gold values hold for the Python that computed them. Throws a
 * RunnerError when `sandbox` is not the one that the run had in its first session.
 */
export function requireSameSandbox(
  sandbox: SandboxDescription,
  before: SandboxDescription | undefined,
): void {
  if (before === undefined) return;
  if (before.engine !== sandbox.engine || before.pythonVersion !== sandbox.pythonVersion) {
    throw new RunnerError(
      'sandbox-changed',
      `The run used the ${before.engine} sandbox with Python ${before.pythonVersion}; this one is ${sandbox.engine} with Python ${sandbox.pythonVersion}.`,
      before.engine === 'wasm'
        ? 'Continue with the version of AZR Studio that it was started with, or start a new run.'
        : 'Continue with the same Python, or start a new run.',
    );
  }
}
