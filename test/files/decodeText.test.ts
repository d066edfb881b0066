import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { decodeUtf8 } from '../../server/src/files/decodeText.ts';
import { readSmallFile, readSmallFileSync } from '../../server/src/files/readFile.ts';
import { readRunFile } from '../../server/src/runFolder/runFile.ts';

const bytes = (...values: (number | string)[]) =>
  Buffer.concat(
    values.map((value) => (typeof value === 'string' ? Buffer.from(value) : Buffer.of(value))),
  );

test.each([
  ['plain text', bytes('é\n'), 'é\n'],
  ['a byte-order mark', bytes(0xef, 0xbb, 0xbf, '{}'), '{}'],
  ['a mark elsewhere', bytes('{', 0xef, 0xbb, 0xbf, '}'), '{\ufeff}'],
  ['the character that stands for what is wrong', bytes('\ufffd'), '\ufffd'],
])('%s is read', (_, given, text) => {
  expect(decodeUtf8(given, 'x')).toBe(text);
});

test.each([
  ['Latin-1', bytes("a\nb\n'", 0xe9, "'"), 'byte 0xE9 in line 3'],
  ['a character that is cut off', bytes('a', 0xe2, 0x82), 'byte 0xE2 in line 1'],
  ['an overlong zero', bytes(0xc0, 0x80), 'byte 0xC0 in line 1'],
  ['half of a surrogate pair', bytes('\n', 0xed, 0xa0, 0x80), 'byte 0xED in line 2'],
  ['UTF-16, as some shells write it', bytes(0xff, 0xfe, '{', 0, '}', 0), 'mark of UTF-16'],
  ['UTF-32', bytes(0xff, 0xfe, 0, 0, '{', 0, 0, 0), 'mark of UTF-32'],
])('%s is refused, and what it is is said', (_, given, message) => {
  expect(() => decodeUtf8(given, 'azr.json')).toThrow(
    expect.objectContaining({
      code: 'not-utf-8',
      message: expect.stringMatching(
        new RegExp(`^azr\\.json is not UTF-8: .*${message}`),
      ) as string,
    }),
  );
});

describe('files', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'azr-text-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test('a run file may begin with a byte-order mark', async () => {
    const file = path.join(folder, 'azr.json');
    writeFileSync(file, bytes(0xef, 0xbb, 0xbf, '{"steps": 7}'));
    expect(await readRunFile(file)).toEqual({ steps: 7 });
    expect(readSmallFileSync(file, 100, 'refuse')).toBe('{"steps": 7}');
  });

  test('a file in another encoding is refused by its name', async () => {
    const file = path.join(folder, 'latin.json');
    writeFileSync(file, bytes('{"experiment": "', 0xe9, '"}'));
    await expect(readSmallFile(file, 100, 'refuse')).rejects.toMatchObject({ code: 'not-utf-8' });
    await expect(readRunFile(file)).rejects.toThrow(/latin\.json.* is not UTF-8: byte 0xE9/);
  });
});
