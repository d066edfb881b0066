/** How far one query may look for rows that fit a filter before it stops and says where to go on. */

const BUDGET_MS = 25;
const FIRST_WINDOW_ROWS = 256;
const SMALLEST_WINDOW_ROWS = 64;
const LARGEST_WINDOW_ROWS = 4096;

/**
 * Rows are scanned in windows that grow as long as the time left is enough for them, judged by how
 * long the earlier ones took. At least one window is always scanned, so that every call gets on.
 */
export class ScanBudget {
  readonly #now: () => number;
  readonly #startMs: number;
  #scannedRows = 0;
  #windowRows = 0;

  constructor(now: () => number) {
    this.#now = now;
    this.#startMs = now();
  }

  /** Whether the time that is left is too short to be worth another window. */
  get spent(): boolean {
    return this.#affordableRows() < SMALLEST_WINDOW_ROWS;
  }

  nextWindowRows(): number {
    const wanted =
      this.#windowRows === 0
        ? FIRST_WINDOW_ROWS
        : Math.min(this.#windowRows * 2, LARGEST_WINDOW_ROWS);
    this.#windowRows = Math.max(Math.min(wanted, this.#affordableRows()), SMALLEST_WINDOW_ROWS);
    this.#scannedRows += this.#windowRows;
    return this.#windowRows;
  }

  #affordableRows(): number {
    const elapsedMs = this.#now() - this.#startMs;
    if (elapsedMs >= BUDGET_MS) return 0;
    return elapsedMs <= 0 || this.#scannedRows === 0
      ? LARGEST_WINDOW_ROWS
      : Math.floor((this.#scannedRows / elapsedMs) * (BUDGET_MS - elapsedMs));
  }
}
