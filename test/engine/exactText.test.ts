/** What a model wrote is read as it wrote it, whatever its folder says of spaces, and with its template. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { readModelFacts } from '../../server/src/engine/modelFacts.ts';
import { FolderTokenizer } from '../../server/src/engine/tokenizer/tokenizer.ts';
import { openModelFolder } from '../../server/src/machine/models/modelFolder.ts';

const NANO = path.join(import.meta.dirname, '../../server/models/azr-nano');

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-text-'));
  for (const name of ['tokenizer.json', 'tokenizer_config.json', 'config.json']) {
    cpSync(path.join(NANO, name), path.join(folder, name));
  }
  file = path.join(folder, 'tokenizer_config.json');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function configure(changes: Readonly<Record<string, unknown>>): void {
  const before = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify({ ...before, ...changes }));
}

test.each([undefined, true, false])(
  'clean_up_tokenization_spaces %s changes nothing',
  async (value) => {
    configure({ clean_up_tokenization_spaces: value });
    const tokenizer = await FolderTokenizer.load(folder);
    // Each has what cleaning up would join: " ,", " !", " .", " ?", " 's", " n't", " 're".
    for (const text of ['a , b', 'x != y', '1 . 2 ? 3', "f 's g", "a n't b", "a 're b 'm 've"]) {
      const tokens = await tokenizer.encode(text);
      expect(await tokenizer.decode(tokens)).toBe(text);
      expect((await tokenizer.texts(tokens)).join('')).toBe(text);
    }
    tokenizer.close();
  },
);

test('a decoder that cleans up by itself does not', async () => {
  const vocab = { '[UNK]': 0, a: 1, ',': 2, b: 3 };
  const tokenizerJson = {
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: null,
    decoder: { type: 'Sequence', decoders: [{ type: 'WordPiece', prefix: '##', cleanup: true }] },
    model: {
      ...{ type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##' },
      ...{ max_input_chars_per_word: 100, vocab },
    },
  };
  writeFileSync(path.join(folder, 'tokenizer.json'), JSON.stringify(tokenizerJson));
  const tokenizer = await FolderTokenizer.load(folder);
  expect(await tokenizer.decode([1, 2, 3])).toBe('a , b');
  tokenizer.close();
});

describe('a chat template', () => {
  const text = "{{ messages[0]['content'] }}!";
  test.each([
    ['a text', text, true],
    ['nothing', null, false],
    [
      'a list of named ones',
      [
        { name: 'tool_use', template: 'x' },
        { name: 'default', template: text },
      ],
      true,
    ],
    ['a list without a default one', [{ name: 'tool_use', template: 'x' }], false],
    ['an empty list', [], false],
  ])('that is %s', async (_, chat_template, isThere) => {
    configure({ chat_template });
    expect((await openModelFolder(folder)).hasChatTemplate).toBe(isThere);
    const tokenizer = await FolderTokenizer.load(folder);
    const tokens = await tokenizer.encodeChat([{ role: 'user', content: 'abc' }]);
    expect(tokens).toEqual(isThere ? await tokenizer.encodePart('abc!') : undefined);
    tokenizer.close();
  });
});

test('answers end with every token that the folder names', async () => {
  writeFileSync(
    path.join(folder, 'config.json'),
    '{"eos_token_id": 5, "text_config": {"eos_token_id": 9}}',
  );
  expect((await readModelFacts(folder)).endTokens).toEqual([5, 9]);
  writeFileSync(path.join(folder, 'generation_config.json'), '{"eos_token_id": [7, 5]}');
  expect((await readModelFacts(folder)).endTokens).toEqual([7, 5, 9]);
});
