/** A problem that can be thrown. */
import type { Problem } from './runs.ts';

/** A failure that was to be reckoned with, and that says what to do. */
export class ExpectedFailure extends Error {
  override readonly name = 'ExpectedFailure';
  readonly code: string;
  readonly remedy: string;

  constructor({ code, message, remedy }: Problem) {
    super(message);
    this.code = code;
    this.remedy = remedy;
  }
}
