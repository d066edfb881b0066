/** Secrets that sign a browser in: each once, and for minutes only. */
import { randomBytes, timingSafeEqual } from 'node:crypto';

const SECRET_BYTES = 32;
/** Long enough to get to the browser, short enough that a link in a log or a scroll-back is worth nothing. */
export const LINK_LIFETIME_MINUTES = 10;

export class SignInLinks {
  /** @type {{ secret: Buffer, expiresMs: number } | undefined} */
  #open;
  #nowMs;

  /** @param {() => number} [nowMs] A clock that is never set back. */
  constructor(nowMs = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** @returns {string} A secret; the one before it is worth nothing from now on. */
  issue() {
    const secret = randomBytes(SECRET_BYTES).toString('base64url');
    const expiresMs = this.#nowMs() + LINK_LIFETIME_MINUTES * 60_000;
    this.#open = { secret: Buffer.from(secret), expiresMs };
    return secret;
  }

  /**
   * @param {string} asked
   * @returns {boolean} Whether it was the secret; it has been used now.
   */
  redeem(asked) {
    const open = this.#open;
    if (open === undefined || !isEqual(Buffer.from(asked), open.secret)) {
      return false;
    }
    this.#open = undefined;
    return this.#nowMs() < open.expiresMs;
  }
}

/**
 * In constant time for texts of the same length.
 * @param {Buffer} left
 * @param {Buffer} right
 */
export function isEqual(left, right) {
  return left.length === right.length && timingSafeEqual(left, right);
}
