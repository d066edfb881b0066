/** Texts that an attacker puts into a run folder, a name or an answer of a server, and what must not be left of them. */

import { randomSource } from '../randomJson.ts';

export const HOSTILE_STRINGS: readonly string[] = [
  '[Show details](command:workbench.action.terminal.sendSequence?%7B%22text%22%3A%22id%5Cn%22%7D)',
  '[a](command:azr.showLog "title")',
  '[a](https://evil.example)',
  '[a](file:///etc/passwd)',
  '[a]\u200b(command:x) [a](command:x',
  '$(sync~spin) $(check)',
  '$\u200b(flame)',
  'line one\nline two\r\n[a](command:x)',
  'model\u202egnp.exe\u2066',
  '```\n[a](command:x)\n```',
  '<img src=x onerror=alert(1)> <a href="command:x">a</a> <command:x>',
  '**bold** `code` # head ![i](https://evil.example/p.png)',
  '\u001b]0;owned\u0007\u001b[2J\u001b]52;c;aWQK\u0007',
  '\u009b2J\u009d0;owned\u009c\u007f\u0000\r',
  'zero\u200bwidth\ufeff\u00ad\u{e0041}\u{e0042}',
  ']',
  '(command:x)',
  '$',
  '(flame)',
  'x'.repeat(5000),
];

/** As VS Code has them: what is a link in a notification, and an icon in a label. */
export const LINK = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/i;
export const ICON = /\$\([A-Za-z0-9-]+(?:~[A-Za-z]+)?\)/;

/** What a terminal acts on, and what hides or reorders text; line feeds and tabs are neither. */
export const UNSEEN =
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\u{e0000}-\u{e007f}]/u;

/** `count` texts put together from the pieces that markup is made of. */
export function* randomHostileTexts(count: number, seed = 1): Generator<string> {
  const random = randomSource(seed);
  const pieces = [
    ...[
      '[',
      ']',
      '(',
      ')',
      '](',
      '$',
      '$(',
      'command:x',
      'https://e',
      'file:/',
      '"',
      ' ',
      '\n',
      '\r',
    ],
    ...[
      '\\',
      '`',
      '```',
      '<',
      '>',
      '!',
      '*',
      '~spin',
      'check',
      'a',
      '\u200b',
      '\u202e',
      '\u001b',
      '\u009b',
    ],
    ...['\u{e0028}', '\ud800', '{0}', '{1}', '&#91;', '%5B'],
  ];
  for (let index = 0; index < count; index += 1) {
    const length = 1 + Math.floor(random() * 12);
    yield Array.from({ length }, () => pieces[Math.floor(random() * pieces.length)]).join('');
  }
}
