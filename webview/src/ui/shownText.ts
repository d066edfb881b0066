/** A text that a model wrote, for a page: visible, and cut where the page would choke. */
import { visibleText } from '../../../server/protocol/visibleText.ts';

const MAXIMUM_CHARACTERS = 100_000;

/** `cut` is how many characters are not shown. */
export function shownText(
  text: string,
  maximum = MAXIMUM_CHARACTERS,
): { readonly text: string; readonly cut: number } {
  const cut = Math.max(text.length - maximum, 0);
  return { text: visibleText(cut === 0 ? text : text.slice(0, maximum)), cut };
}
