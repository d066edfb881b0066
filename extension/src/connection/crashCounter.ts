/** Decides whether a server that crashed is started again: a fifth crash in three minutes ends it. */
const MAXIMUM_CRASHES = 5;
const WINDOW_MS = 3 * 60_000;

export class CrashCounter {
  readonly #nowMs: () => number;
  #crashesMs: number[] = [];

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
  }

  /** Counts a crash; true when the server may start again. */
  mayRestart(): boolean {
    const nowMs = this.#nowMs();
    this.#crashesMs = [...this.#crashesMs.filter((crashMs) => nowMs - crashMs < WINDOW_MS), nowMs];
    return this.#crashesMs.length < MAXIMUM_CRASHES;
  }
}
