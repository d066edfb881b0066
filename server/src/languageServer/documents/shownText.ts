/**
 * What a model wrote, made fit to stand in a document: it cannot end the comment it stands in, hide
 * itself, or change the order in which the line is read.
 */

/** Everything that Python calls unprintable, and what would show as nothing or as a line break. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu;
/** In a program, line breaks, tabs and form feeds are part of the layout. */
const UNSEEN_IN_PROGRAM = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;
const LAYOUT = new Set(['\n', '\t', '\f']);

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** `text` on one line, with everything unseen written as the escape that Python has for it. */
export function shownLine(text: string): string {
  return text.replaceAll(UNSEEN, escaped);
}

/** Whether `text` stands on one line as it is. */
export function isPlain(text: string): boolean {
  return shownLine(text) === text;
}

/** The lines of `text`, each as {@link shownLine} shows it. */
export function shownLines(text: string): string[] {
  return text.split(/\r\n|\r|\n/).map((line) => shownLine(line));
}

/**
 * A program with its line breaks as Python reads them and with unseen characters escaped. In a text
 * literal the escape means the same character, and anywhere else but in a comment the character would
 * be a syntax error.
 */
export function shownProgram(program: string): string {
  return program
    .replaceAll(/\r\n|\r/g, '\n')
    .replaceAll(UNSEEN_IN_PROGRAM, (character) =>
      LAYOUT.has(character) ? character : escaped(character),
    )
    .replace(/\n+$/, '');
}

/** Whether {@link shownProgram} had to write something otherwise than it is. */
export function hasUnseen(program: string): boolean {
  return shownProgram(program) !== program.replaceAll(/\r\n|\r/g, '\n').replace(/\n+$/, '');
}

/** A number as people read it: at most three decimals, no trailing zeros. */
export function numberText(value: number): string {
  const text = value.toFixed(3);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function escaped(character: string): string {
  const short = SHORT[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0)!;
  const digits = code.toString(16);
  if (code < 0x100) return `\\x${digits.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`;
}
