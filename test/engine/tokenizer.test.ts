import { afterAll, beforeAll, expect, test } from 'vitest';

import { FolderTokenizer } from '../../server/src/engine/tokenizer/tokenizer.ts';

let tokenizer: FolderTokenizer;

beforeAll(async () => {
  tokenizer = await FolderTokenizer.load('server/models/azr-nano');
});

afterAll(() => {
  tokenizer.close();
});

/** Short texts, and one that is a message of its own. */
const TEXTS = [
  ...Array.from({ length: 1200 }, (_, index) => `def f(x):\n    return x + ${String(index)}`),
  'x'.repeat(250_000),
  '',
];

test('many texts at once are what each is by itself, in their order', async () => {
  const together = await Promise.all(TEXTS.map((text) => tokenizer.encode(text)));
  const texts = await Promise.all(together.map((tokens) => tokenizer.decode(tokens)));
  expect(texts).toEqual(TEXTS);
  for (const index of [0, 511, 512, 1199, 1200, 1201]) {
    expect(await tokenizer.encode(TEXTS[index]!)).toEqual(together[index]);
  }
});

test('many texts at once take a small part of the time that they take one by one', async () => {
  const texts = TEXTS.slice(0, 400);
  const timed = async (work: () => Promise<unknown>) => {
    const start = performance.now();
    await work();
    return performance.now() - start;
  };
  const together = await timed(() => Promise.all(texts.map((text) => tokenizer.encode(text))));
  const oneByOne = await timed(async () => {
    for (const text of texts) await tokenizer.encode(text);
  });
  expect(together).toBeLessThan(oneByOne / 2);
});

test('one that fails says nothing of the others', async () => {
  const bad = tokenizer.decode([Number.NaN]);
  const [first, failed, last] = await Promise.allSettled([
    tokenizer.encode('1'),
    bad,
    tokenizer.encode('1'),
  ]);
  expect(first).toEqual(last);
  expect(first.status).toBe('fulfilled');
  expect([failed.status, JSON.stringify(failed)]).toEqual(['rejected', expect.any(String)]);
});
