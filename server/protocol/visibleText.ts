/**
 * Text that somebody else wrote (a model, a run folder, a program, an engine server), so that what is on
 * screen is what is there: characters that control, hide or reorder are replaced by signs.
 */

/** What shows as nothing, changes the order of what is read, breaks a line, or is half a character. */
const HIDDEN = /[\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\p{Cs}\ufff9-\ufffb\u0080-\u009f]/gu;
/** Tab and line feed stay; a carriage return would otherwise vanish. */
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

const HIDDEN_SIGN = '\u25ca';

/**
 * `text` with `◊` for what is hidden and a picture of its own (`␛`) for each control character. It is as
 * long as before, in UTF-16 units, so that offsets into it stay true.
 */
export function visibleText(text: string): string {
  return text
    .replaceAll(HIDDEN, (character) => HIDDEN_SIGN.repeat(character.length))
    .replaceAll(CONTROL, (character) =>
      String.fromCharCode(character === '\u007f' ? 0x2421 : 0x2400 + character.charCodeAt(0)),
    );
}

/**
 * `value` as one line of JSON that reads as the same value and holds nothing that a terminal would act on
 * or hide: `JSON.stringify` escapes the control characters below 32, and leaves those above 126.
 */
export function visibleJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /\u007f|[\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\ufff9-\ufffb\u0080-\u009f]/gu,
    escaped,
  );
}

function escaped(character: string): string {
  return Array.from(
    { length: character.length },
    (_, unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`,
  ).join('');
}
