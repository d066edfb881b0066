import { describe, expect, test } from 'vitest';

import { decodeProgram } from '../../server/src/cli/decodeProgram.ts';

const MARK = '\u00ef\u00bb\u00bf';
const E_ACUTE_UTF_8 = '\u00c3\u00a9';

/** A file whose bytes are the characters of `text`. */
const read = (text: string) => decodeProgram(Buffer.from(text, 'latin1'), 'program.py');

/** What `compile` of CPython 3.11 makes of the same bytes: the text that it reads. */
describe('a program is read as Python reads it', () => {
  test.each([
    ['UTF-8 without a word', `x = '${E_ACUTE_UTF_8}'`, "x = 'é'"],
    ['UTF-8 with a byte-order mark', `${MARK}x = '${E_ACUTE_UTF_8}'`, "x = 'é'"],
    [
      'a mark and the same said',
      `${MARK}# coding: UTF_8\n'${E_ACUTE_UTF_8}'`,
      "# coding: UTF_8\n'é'",
    ],
    [
      'Latin-1 that says so',
      "# -*- coding: latin-1 -*-\n'\u00e9'",
      "# -*- coding: latin-1 -*-\n'é'",
    ],
    [
      'the same in the second line',
      "#!python\n# vim: set fileencoding=ISO_8859-1 :\n'\u00e9'",
      "#!python\n# vim: set fileencoding=ISO_8859-1 :\n'é'",
    ],
    ['the same after a blank line', "\n# coding=l1\n'\u00e9'", "\n# coding=l1\n'é'"],
    ['ASCII', "# coding: ascii\n'e'", "# coding: ascii\n'e'"],
    ['a comment that declares nothing', `# encoding\n'${E_ACUTE_UTF_8}'`, "# encoding\n'é'"],
    [
      'a declaration after code',
      `x = 1\n# coding: latin-1\n'${E_ACUTE_UTF_8}'`,
      "x = 1\n# coding: latin-1\n'é'",
    ],
    [
      'a declaration in the third line',
      `\n\n# coding: latin-1\n'${E_ACUTE_UTF_8}'`,
      "\n\n# coding: latin-1\n'é'",
    ],
  ])('%s', (_, text, program) => {
    expect(read(text)).toBe(program);
  });

  test.each([
    [
      'Latin-1 that does not say so',
      "x = 1\ny = '\u00e9'",
      /program\.py is not UTF-8: byte 0xE9 in line 2/,
    ],
    [
      'a mark, and another encoding',
      `${MARK}# coding: latin-1\n''`,
      /latin-1 after the byte-order mark of UTF-8/,
    ],
    [
      'ASCII with other characters',
      "# coding: us-ascii\n'\u00e9'",
      /us-ascii, and has other characters/,
    ],
    ['an encoding that nobody has', '# coding: klingon\n', /klingon; UTF-8, ASCII and Latin-1/],
    [
      'an encoding that only Python has',
      '# coding: shift_jis\n',
      /shift_jis; UTF-8, ASCII and Latin-1/,
    ],
    ['UTF-16', '\u00ff\u00fex\u0000', /program\.py is not UTF-8: .*UTF-16/],
  ])('%s is refused', (_, text, message) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({
        code: 'not-utf-8',
        message: expect.stringMatching(message) as string,
      }),
    );
  });
});
