/**
 * How often curves may be drawn: ten times a second, and where a machine takes long to paint them, so
 * seldom that most of the window's time is left for everything else.
 */
const SHORTEST_MS = 100;
const LONGEST_MS = 1000;
/** Painting has a quarter of the time. */
const TIMES_PAINTING = 4;

export class PaintPace {
  readonly #afterPainting: (callback: () => void) => void;
  #paintingMs = 0;

  constructor(afterPainting: (callback: () => void) => void = afterNextFrame) {
    this.#afterPainting = afterPainting;
  }

  /** From one drawing to the next. */
  get intervalMs(): number {
    return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, TIMES_PAINTING * this.#paintingMs));
  }

  /** Draws, and measures how long it takes until that is painted. */
  draw(action: () => void): void {
    const startedAt = performance.now();
    action();
    this.#afterPainting(() => {
      this.#paintingMs = performance.now() - startedAt;
    });
  }
}

function afterNextFrame(callback: () => void): void {
  // What is called for a frame is called before the frame is painted, and a task after it.
  requestAnimationFrame(() => setTimeout(callback, 0));
}
