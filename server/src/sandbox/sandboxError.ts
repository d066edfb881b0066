/** Why there is no sandbox. Failures of programs are never errors; they are executions. */

export type SandboxErrorCode =
  | 'unsupported-platform'
  | 'python-not-found'
  | 'python-too-old'
  /** The kernel, or a container's profile, lets no process install a system call filter. */
  | 'seccomp-unavailable'
  /** Nothing but the filter would stand between a program and files. */
  | 'landlock-unavailable'
  /** The jail could not be closed for another reason, which the message gives. */
  | 'jail-refused'
  /** The interpreter of the wasm engine is missing, or is not the one that was shipped. */
  | 'damaged-installation'
  /** A process of the wasm engine did not start; the message says what it told. */
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
