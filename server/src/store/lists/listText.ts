/** Texts of any origin and length as one short line of a list. */

const TITLE_CHARACTERS = 120;
/** How much of a text is read to find its title. */
export const TITLE_SOURCE_CHARACTERS = 4000;

/** A line that says nothing of what a program does. */
const SILENT_LINE = /^(?:$|#|"""|'''|@|import\s|from\s.*\simport\s|(?:async\s+)?def\s.*:$)/;
/** Characters that move the cursor, change direction, or cannot be seen. */
const INVISIBLE =
  // eslint-disable-next-line no-control-regex -- making control characters visible is the point
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** `text` as one line of at most `characters`, cut with an ellipsis, control characters made visible. */
export function oneLine(text: string, characters: number = TITLE_CHARACTERS): string {
  const start = text.slice(0, characters * 2).trim();
  const visible = start.replaceAll(/\s*\r?\n\s*/g, ' ⏎ ').replaceAll(INVISIBLE, visibleForm);
  const whole = text.trim().length <= start.length && visible.length <= characters;
  return whole ? visible : `${cut(visible, characters - 1)}…`;
}

function visibleForm(character: string): string {
  const code = character.charCodeAt(0);
  if (character === '\t') return ' ';
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? '␡' : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** Never splits a character that takes two UTF-16 units. */
function cut(text: string, characters: number): string {
  const last = text.charCodeAt(characters - 1);
  const splits = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, splits ? characters - 1 : characters);
}

/** The first line of a program that tells it from others: no import, comment or bare header. */
export function programTitle(program: string): string {
  const lines = program.split('\n').map((line) => line.trim());
  const telling = lines.find((line) => !SILENT_LINE.test(line));
  return oneLine(telling ?? lines.find((line) => line !== '') ?? '');
}

/**
 * Title of a task or proposal; undefined when there is neither text. Induction takes another task's
 * program and adds a message, which is what is new.
 */
export function taskTitle(task: {
  readonly program?: string | undefined;
  readonly message?: string | undefined;
}): string | undefined {
  if (task.message !== undefined) return oneLine(task.message);
  return task.program === undefined ? undefined : programTitle(task.program);
}
