/** Says something to a screen reader without showing it; the same sentence twice is said once. */
import { element } from './elements.ts';

const SETTLE_MS = 400;

export class Announcer {
  readonly root = element('div', {
    className: 'visually-hidden',
    attributes: { role: 'status', 'aria-live': 'polite' },
  });
  #timer: number | undefined;

  /** The last of several sentences in a short time is the one that is said. */
  say(sentence: string): void {
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      if (this.root.textContent !== sentence) this.root.textContent = sentence;
    }, SETTLE_MS);
  }
}
