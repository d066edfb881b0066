/** What a caller of the engine is told when something expected goes wrong. */
export class EngineError extends Error {
  /** Stable for programs, such as `prompt_too_long`; the Python server's own codes pass through. */
  readonly code: string;
  /** What a person can do about it. */
  readonly remedy: string;

  constructor(code: string, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EngineError';
    this.code = code;
    this.remedy = remedy;
  }
}
