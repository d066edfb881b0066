/** Failures before and around a run that a user can mend. */

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
  | 'unsafe-run'
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
  | 'no-package-for-platform'
  | 'package-changed';

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
