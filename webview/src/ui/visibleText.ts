/**
 * Text that a model wrote, so that what is on screen is what is there: characters that reorder, hide
 * or control are replaced by signs, and what is far too long is cut and says so.
 */
const MAXIMUM_CHARACTERS = 100_000;

/** Directional marks and overrides, zero-width characters, separators of lines, byte order marks. */
const HIDDEN = /[\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u061c\u00ad]/g;
// Tab and line feed stay; a carriage return would otherwise vanish.
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** Replaces one character by one, so that offsets into the text stay true. */
export function visibleText(text: string): string {
  return text
    .replaceAll(HIDDEN, '\u25ca')
    .replaceAll(CONTROL, (character) =>
      String.fromCharCode(character === '\u007f' ? 0x2421 : 0x2400 + character.charCodeAt(0)),
    );
}

/** Visible, and cut where a page would choke; `cut` is how many characters are not shown. */
export function shownText(
  text: string,
  maximum = MAXIMUM_CHARACTERS,
): { readonly text: string; readonly cut: number } {
  const cut = Math.max(text.length - maximum, 0);
  return { text: visibleText(cut === 0 ? text : text.slice(0, maximum)), cut };
}
