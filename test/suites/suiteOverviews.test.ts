/** What a viewer is told of the suites: their forms, and whether their data are on this machine. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { CODEIO_SOURCE } from '../../server/src/suites/codeio.ts';
import { fetchSuite, suiteOverviews, suitesCache } from '../../server/src/suites/suiteOverviews.ts';

const { signal } = new AbortController();
let folder: string;
let before: string | undefined;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'suite-overviews-'));
  before = process.env['XDG_CACHE_HOME'];
  process.env['XDG_CACHE_HOME'] = folder;
});

afterEach(() => {
  if (before === undefined) delete process.env['XDG_CACHE_HOME'];
  else process.env['XDG_CACHE_HOME'] = before;
  rmSync(folder, { recursive: true });
});

test('every suite but the file has data, which are here once they lie in the cache', () => {
  const dataHere = () =>
    Object.fromEntries(suiteOverviews().map(({ name, data }) => [name, data?.isHere]));
  const missing = {
    ...{ cruxeval: false, humaneval: false, mbpp: false, gsm8k: false },
    ...{ 'reasoning-gym': false, codeio: false, file: undefined },
  };
  expect(dataHere()).toEqual(missing);
  mkdirSync(suitesCache(), { recursive: true });
  writeFileSync(path.join(suitesCache(), CODEIO_SOURCE.fileName), '');
  expect(dataHere()).toEqual({ ...missing, codeio: true });
  for (const { templates } of suiteOverviews()) {
    expect(templates.map(({ name }) => name)).toEqual(['chat', 'base']);
  }
});

test('what cannot be fetched is named, with the place where it can be put', async () => {
  const place = path.join(suitesCache(), 'reasoning_gym-0.1.25-py3-none-any.whl');
  await expect(fetchSuite('reasoning-gym', '/no/python', signal)).rejects.toMatchObject({
    code: 'no-suite-data',
    message: expect.stringContaining('the wheel reasoning-gym 0.1.25 of PyPI') as unknown,
    remedy: expect.stringContaining(`${place} (SHA-256: 7f17a3ed`) as unknown,
  });
  await expect(fetchSuite('codeio', '/no/python', signal)).rejects.toMatchObject({
    code: 'no-suite-data',
    remedy: expect.stringContaining('unpacked or as .gz') as unknown,
  });
  await expect(fetchSuite('file', '/no/python', signal)).resolves.toBeUndefined();
  await expect(fetchSuite('other', '/no/python', signal)).rejects.toMatchObject({
    code: 'unknown-suite',
  });
});

test('data in the cache that are not those of the suite are refused, and not replaced', async () => {
  mkdirSync(suitesCache(), { recursive: true });
  writeFileSync(path.join(suitesCache(), CODEIO_SOURCE.fileName), '{}');
  await expect(fetchSuite('codeio', '/no/python', signal)).rejects.toMatchObject({
    code: 'suite-data-changed',
    remedy: expect.stringMatching(/^Delete .*codeio\.jsonl/) as unknown,
  });
});
