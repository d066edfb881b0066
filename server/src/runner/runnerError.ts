/** Failures before and around a run that a user can mend. */
import type { Problem } from '../../protocol/runs.ts';

export type RunnerErrorCode =
  | 'run-exists'
  | 'no-run'
  | 'run-in-use'
  | 'no-model'
  | 'invalid-model'
  | 'model-changed'
  | 'sandbox-changed'
  | 'invalid-held-out'
  | 'protocol-changed'
  | 'no-checkpoint'
  | 'cannot-branch'
  | 'unknown-run'
  | 'unreadable-run'
  | 'run-finished'
  | 'run-starting'
  | 'not-running'
  | 'runner-gone'
  | 'runner-unreachable'
  | 'cannot-launch'
  | 'no-python'
  | 'no-engine-packages'
  | 'no-venv'
  | 'folder-in-use'
  | 'folder-not-writable'
  | 'setup-failed'
  | 'network'
  | 'disk-full'
  | 'no-package-for-platform';

export class RunnerError extends Error {
  override readonly name = 'RunnerError';
  readonly code: RunnerErrorCode;
  readonly remedy: string;

  constructor(code: RunnerErrorCode, message: string, remedy: string) {
    super(message);
    this.code = code;
    this.remedy = remedy;
  }
}

/** What a runner in another process said about why it could not start or go on. */
export class RunnerFailure extends Error {
  override readonly name = 'RunnerFailure';
  /** The code of the error as the runner had it. */
  readonly code: string;
  readonly remedy: string;

  constructor({ code, message, remedy }: Problem) {
    super(message);
    this.code = code;
    this.remedy = remedy;
  }
}
