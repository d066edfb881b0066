/** The bytes of a Python file as its text: UTF-8, or the encoding that the file declares (PEP 263). */
import { ProblemError } from '../../protocol/problem.ts';
import { decodeUtf8 } from '../files/decodeText.ts';

const DECLARATION = /^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)/;
const BLANK_OR_COMMENT = /^[ \t\f]*(?:#|$)/;
const UTF_8_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

const UTF_8 = /^(?:utf-?8|utf-8-.*|u8|cp65001)$/;
const LATIN_1 = /^(?:latin-?1|iso-?8859-1|l1|8859|cp819)(?:-.*)?$/;
const ASCII = /^(?:us-)?ascii$/;

/**
 * The program that stands in `bytes`, read as Python reads it. Throws ProblemError where Python refuses it,
 * and where it declares an encoding that only Python has.
 * @param name the file's path, or what else the message calls it
 */
export function decodeProgram(bytes: Buffer, name: string): string {
  const declared = declaredEncoding(bytes);
  const encoding = declared?.toLowerCase().replaceAll('_', '-') ?? 'utf-8';
  const isUtf8 = UTF_8.test(encoding);
  if (isUtf8 || (ASCII.test(encoding) && bytes.every((byte) => byte < 0x80))) {
    return decodeUtf8(bytes, name);
  }
  if (bytes.indexOf(UTF_8_MARK) === 0) {
    throw refusal(`${name} declares the encoding ${declared!} after the byte-order mark of UTF-8.`);
  }
  // Every byte is a character of Latin-1.
  if (LATIN_1.test(encoding)) return bytes.toString('latin1');
  throw refusal(
    ASCII.test(encoding)
      ? `${name} declares the encoding ${declared!}, and has other characters.`
      : `${name} declares the encoding ${declared!}; UTF-8, ASCII and Latin-1 can be read.`,
  );
}

/** What the first line declares, or the second after a comment or a blank line. */
function declaredEncoding(bytes: Buffer): string | undefined {
  const start = bytes.indexOf(UTF_8_MARK) === 0 ? UTF_8_MARK.length : 0;
  const [first = '', second = ''] = bytes.toString('latin1', start).split(/\r\n|\n|\r/, 2);
  const found =
    DECLARATION.exec(first) ?? (BLANK_OR_COMMENT.test(first) ? DECLARATION.exec(second) : null);
  return found?.[1];
}

function refusal(message: string): ProblemError {
  return new ProblemError({
    code: 'not-utf-8',
    message,
    remedy: 'Save it as UTF-8, and declare that or nothing.',
  });
}
