/**
 * A model folder from anybody has a tokenizer with regular expressions and replacements of its own: it
 * exhausts nothing, and neither the language server nor a run waits for it without end.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';

import { FolderTokenizer } from '../../server/src/engine/tokenizer/tokenizer.ts';
import { startClient } from '../languageServer/client.ts';
import { makeHarmlessRun, makeModel } from './harmlessRun.ts';

/** A tokenizer's work has ten seconds; on a machine that does other things as well they end late. */
const ENDED_MS = 20_000;
/** Somebody waits at the editor. */
const AT_ONCE_MS = 5_000;
const MOST_GROWTH_BYTES = 100 * 2 ** 20;
const CATASTROPHIC = '(a+)+$';
const LONG = `${'a'.repeat(60)}!`;

interface Description {
  normalizer: unknown;
  pre_tokenizer: unknown;
  decoder: unknown;
  added_tokens: unknown[];
  model: { vocab: Record<string, unknown>; merges: unknown };
}

type Trick = (description: Description) => void;

const replace = (pattern: object, content: string) => ({ type: 'Replace', pattern, content });
const nested = (kind: string, list: string, depth: number): string =>
  `${`{"type":"${kind}","${list}":[`.repeat(depth)}${']}'.repeat(depth)}`;

const HOSTILE_TEXTS: Readonly<Record<string, Trick>> = {
  'a normalizer without end': (description) => {
    description.normalizer = replace({ Regex: CATASTROPHIC }, '');
  },
  'a pre-tokenizer without end, in a sequence': (description) => {
    const split = { type: 'Split', pattern: { Regex: '(?:[\\s\\S]+)+\\u0000' } };
    const pretokenizers = [{ ...split, behavior: 'Isolated', invert: false }];
    description.pre_tokenizer = { type: 'Sequence', pretokenizers };
  },
  'replacements that fill the memory': (description) => {
    const doubled = replace({ String: 'a' }, 'aaaaaaaa');
    description.normalizer = { type: 'Sequence', normalizers: Array(8).fill(doubled) };
  },
  'tokens that are no numbers': (description) => {
    for (const token of Object.keys(description.model.vocab)) {
      description.model.vocab[token] = `${token} ${'a'.repeat(100)}`;
    }
  },
};

let root: string;
let model: string;
let file: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'azr-tokenizer-'));
  model = path.join(root, 'model');
  file = path.join(model, 'tokenizer.json');
  makeModel(model);
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

function playTrick(trick: Trick): void {
  const description = JSON.parse(readFileSync(file, 'utf8')) as Description;
  trick(description);
  writeFileSync(file, JSON.stringify(description));
}

/** Every token is a long text, which the decoder takes for ever to look through. */
const decodesForEver: Trick = (description) => {
  const { vocab } = description.model;
  const tokens = Object.entries(vocab);
  description.model.vocab = Object.fromEntries(tokens.map(([token, id]) => [LONG + token, id]));
  description.model.merges = [];
  description.added_tokens = [];
  const decoders = [replace({ Regex: CATASTROPHIC }, '')];
  description.decoder = { type: 'Sequence', decoders };
};

async function expectRefused(work: () => Promise<unknown>): Promise<void> {
  const before = process.memoryUsage().rss;
  const started = performance.now();
  let turns = 0;
  const turn = setInterval(() => (turns += 1), 50);
  await expect(work()).rejects.toMatchObject({
    code: 'tokenizer_refused',
    message: expect.stringContaining(file) as string,
    remedy: expect.stringContaining('published') as string,
  });
  clearInterval(turn);
  const took = performance.now() - started;
  expect(took).toBeLessThan(ENDED_MS);
  // Other work of the process went on: Ctrl-C, for one.
  if (took > 1000) expect(turns).toBeGreaterThan(took / 500);
  expect(process.memoryUsage().rss - before).toBeLessThan(MOST_GROWTH_BYTES);
}

describe('a tokenizer with', () => {
  test.each(Object.entries(HOSTILE_TEXTS))('%s is refused, with its file', async (_name, trick) => {
    playTrick(trick);
    const tokenizer = await FolderTokenizer.load(model);
    onTestFinished(() => {
      tokenizer.close();
    });
    await expectRefused(() => tokenizer.encode(LONG));
  });

  test('a decoder without end is refused, once for all that wait', async () => {
    playTrick(decodesForEver);
    const tokenizer = await FolderTokenizer.load(model);
    onTestFinished(() => {
      tokenizer.close();
    });
    await expectRefused(async () => {
      await Promise.all([tokenizer.decode([5, 6]), tokenizer.decode([5])]);
    });
    const later = [tokenizer.texts([5]), tokenizer.encode('a')];
    const started = performance.now();
    for (const { status } of await Promise.allSettled(later)) expect(status).toBe('rejected');
    expect(performance.now() - started).toBeLessThan(AT_ONCE_MS);
  });

  test.each([
    ['sequences in sequences', nested('Sequence', 'normalizers', 100_000)],
    ['lists in lists', `${'['.repeat(5_000_000)}${']'.repeat(5_000_000)}`],
    ['a normalizer that nobody knows', `{"type":"${'a'.repeat(1_000_000)}"}`],
  ])('%s is refused as it is loaded, in a short message', async (_name, normalizer) => {
    const rest = readFileSync(file, 'utf8').replace(/"normalizer":\s*null/, '"normalizer": HERE');
    writeFileSync(
      file,
      rest.replace('HERE', () => normalizer),
    );
    await expectRefused(() => FolderTokenizer.load(model));
    await expect(FolderTokenizer.load(model)).rejects.toThrow(/^.{0,800}$/s);
  });

  test('more than a tokenizer may have is refused by its size', async () => {
    writeFileSync(file, ' '.repeat(65 * 2 ** 20));
    await expect(FolderTokenizer.load(model)).rejects.toMatchObject({ code: 'file-too-large' });
  });

  test('a configuration that is not one is refused', async () => {
    const config = path.join(model, 'tokenizer_config.json');
    for (const text of ['null', '{']) {
      writeFileSync(config, text);
      await expect(FolderTokenizer.load(model)).rejects.toMatchObject({
        code: 'tokenizer_refused',
        message: expect.stringContaining(config) as string,
      });
    }
  });
});

test('the regular expression of a tokenizer is worked with no right to files', async () => {
  const tokenizer = await FolderTokenizer.load(model);
  if (process.platform === 'linux') {
    const lines = execFileSync('ps', ['-o', 'args=', '--ppid', String(process.pid)]).toString();
    const [line] = lines.split('\n').filter((one) => one.includes('tokenizeTexts.mjs'));
    expect(line).toContain('--permission');
    expect(line).not.toMatch(/--allow-(?!fs-read=)/);
  }
  const tokens = await tokenizer.encode('def f(x):\n    return x');
  await expect(tokenizer.decode(tokens)).resolves.toBe('def f(x):\n    return x');
  tokenizer.close();
});

test('the story of a run with such a model does not hang the language server', async () => {
  playTrick(decodesForEver);
  makeHarmlessRun(path.join(root, 'workspace', 'runs', 'r'), model);
  const client = await startClient({
    storageFolder: path.join(root, 'storage'),
    workspaceFolders: [path.join(root, 'workspace')],
  });
  onTestFinished(() => {
    client.process.kill('SIGKILL');
  });
  const run = await expect
    .poll(async () => (await client.request('azr/runs', {})).find(({ name }) => name === 'r'), {
      timeout: ENDED_MS,
    })
    .toBeDefined()
    .then(async () => (await client.request('azr/runs', {})).find(({ name }) => name === 'r'));
  const story = client.request('azr/rewardStory', { runId: run!.id, rolloutId: 2 });
  await new Promise((resolve) => setTimeout(resolve, 500));
  const started = performance.now();
  await client.request('azr/runs', {});
  expect(performance.now() - started).toBeLessThan(AT_ONCE_MS);
  expect(JSON.stringify(await story)).toContain('Tokens are shown by number');
});
