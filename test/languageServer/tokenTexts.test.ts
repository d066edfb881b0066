import { describe, expect, it } from 'vitest';

import { FolderTokenizer } from '../../server/src/engine/tokenizer/tokenizer.ts';
import { tokenTexts } from '../../server/src/engine/tokenizer/tokenTexts.mjs';

describe('texts of tokens', () => {
  it('make up the text of all of them', async () => {
    const tokenizer = await FolderTokenizer.load('server/models/azr-nano');
    const text = 'def f(x, y):\n    return [y, x]';
    const tokens = await tokenizer.encode(text);
    const texts = await tokenizer.texts(tokens);
    expect(texts.join('')).toContain(text);
    expect(texts).toHaveLength(tokens.length);
    tokenizer.close();
  });

  /** Each token is one byte, as where a character takes several. */
  const bytes = {
    decode: (tokens: readonly number[]) => Buffer.from(tokens).toString('utf8'),
  };

  it('give a character to the token that completes it', () => {
    const tokens = [...Buffer.from('aé中b')];
    expect(tokenTexts(bytes, tokens)).toEqual(['a', '', 'é', '', '', '中', 'b']);
  });

  it('show an unfinished character at the end', () => {
    expect(tokenTexts(bytes, [97, 0xc3])).toEqual(['a', '\ufffd']);
  });

  it('keep the space that a decoder drops at the start', () => {
    const words = {
      decode: (tokens: readonly number[]) =>
        tokens
          .map((token) => ` ${token}`)
          .join('')
          .trim(),
    };
    expect(tokenTexts(words, [1, 2, 3])).toEqual(['1', ' 2', ' 3']);
  });

  it('name a token that has no text', () => {
    const silent = {
      decode: (tokens: readonly number[]) => tokens.filter((token) => token > 1).join(''),
    };
    expect(tokenTexts(silent, [5, 1])).toEqual(['5', '⟨1⟩']);
  });
});
