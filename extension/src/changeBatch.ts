/**
 * Collects changes and hands them on together, at most once per interval: the first at once, what
 * comes meanwhile at the interval's end. Nothing is dropped. The interval may depend on what was
 * handed on.
 */
export class ChangeBatch<Change> {
  readonly #intervalMs: (changes: readonly Change[]) => number;
  readonly #deliver: (changes: readonly Change[]) => void;
  readonly #waiting = new Set<Change>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    intervalMs: number | ((changes: readonly Change[]) => number),
    deliver: (changes: readonly Change[]) => void,
  ) {
    this.#intervalMs = typeof intervalMs === 'number' ? () => intervalMs : intervalMs;
    this.#deliver = deliver;
  }

  add(change: Change): void {
    this.#waiting.add(change);
    if (this.#timer === undefined) this.#flush();
  }

  /** Forgets what waits and delivers nothing more. */
  dispose(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting.clear();
  }

  #flush(): void {
    const changes = [...this.#waiting];
    this.#waiting.clear();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#waiting.size > 0) this.#flush();
    }, this.#intervalMs(changes));
    this.#deliver(changes);
  }
}
