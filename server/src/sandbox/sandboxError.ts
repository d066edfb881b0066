/** Why there is no sandbox. Failures of programs are never errors; they are executions. */

export type SandboxErrorCode =
  | 'unsupported-platform'
  | 'python-not-found'
  | 'python-too-old'
  | 'jail-refused'
  | 'damaged-installation'
  | 'worker-refused'
  | 'closed';

export class SandboxError extends Error {
  readonly code: SandboxErrorCode;
  /** What the user can do about it. */
  readonly remedy: string;

  constructor(code: SandboxErrorCode, message: string, remedy: string) {
    super(`${message} ${remedy}`);
    this.name = 'SandboxError';
    this.code = code;
    this.remedy = remedy;
  }
}
