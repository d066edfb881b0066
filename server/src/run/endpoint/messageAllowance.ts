/** How many messages a client may send: a few at once, and then so many a second. */
const BURST = 20;
const PER_SECOND = 10;

export class MessageAllowance {
  #left = BURST;
  #lastMs: number | undefined;

  /** False when the client has used up what it had. */
  take(nowMs: number): boolean {
    const earned = ((nowMs - (this.#lastMs ?? nowMs)) / 1000) * PER_SECOND;
    this.#left = Math.min(BURST, this.#left + Math.max(0, earned));
    this.#lastMs = nowMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
