/** Data are fetched once, checked on every use, and refused where they are not what is expected. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { suiteText } from '../../server/src/suites/data/dataSource.ts';
import type { DataSource } from '../../server/src/suites/data/publishedFile.ts';
import { download } from '../../server/src/suites/data/download.ts';
import type { LoadProgress } from '../../server/src/suites/suite.ts';

const TEXT = '{"question": "How many?", "answer": "1"}\n'.repeat(1000);

let folder: string;
let server: Server;
let served: Buffer;
let status: number;
let requests: number;
let source: DataSource;
let progress: LoadProgress[];

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'suite-data-'));
  [served, status, requests, progress] = [Buffer.from(TEXT), 200, 0, []];
  server = createServer((_request, response) => {
    requests += 1;
    response.writeHead(status, { 'content-length': served.length }).end(served);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  source = {
    title: 'Questions',
    fileName: 'questions.jsonl',
    sha256: createHash('sha256').update(TEXT).digest('hex'),
    from: { url: `http://127.0.0.1:${port}/questions.jsonl` },
  };
});

afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

function text(dataFile?: string, signal = new AbortController().signal): Promise<string> {
  return suiteText(source, {
    cacheFolder: path.join(folder, 'cache'),
    ...(dataFile !== undefined && { dataFile }),
    signal,
    onProgress: (one) => progress.push(one),
  });
}

const cached = () => path.join(folder, 'cache', source.fileName);

describe('data that are not there', () => {
  test('are fetched with progress, kept for this user alone, and not fetched again', async () => {
    expect(await text()).toBe(TEXT);
    expect(progress.at(-1)).toEqual({ phase: 'fetch', done: TEXT.length, total: TEXT.length });
    expect(await text()).toBe(TEXT);
    expect(requests).toBe(1);
    expect(readdirSync(path.dirname(cached()))).toEqual([source.fileName]);
  });

  test('may come compressed', async () => {
    served = gzipSync(TEXT);
    expect(await text()).toBe(TEXT);
    expect(readFileSync(cached(), 'utf8')).toBe(TEXT);
  });

  test('are asked for where the machine is offline: what is needed, and where it goes', async () => {
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const error = await text().catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'no-suite-data',
      message: expect.stringMatching(
        /^The data of Questions are not on this machine.*ECONNREFUSED/,
      ) as unknown,
      remedy: expect.stringContaining(cached()) as unknown,
    });
    expect(error).toMatchObject({ remedy: expect.stringContaining(source.sha256) as unknown });
    expect(error).toMatchObject({
      remedy: expect.stringContaining(`127.0.0.1:${port}`) as unknown,
    });
    server = createServer().listen(0);
  });

  test('are asked for where the server does not have them', async () => {
    status = 404;
    await expect(text()).rejects.toMatchObject({
      code: 'no-suite-data',
      message: expect.stringContaining('status 404') as unknown,
    });
  });

  test('are refused and not kept where they were changed', async () => {
    served = Buffer.from(TEXT.replace('1', '2'));
    await expect(text()).rejects.toMatchObject({
      code: 'suite-data-changed',
      message: expect.stringContaining(source.sha256) as unknown,
    });
    expect(() => readFileSync(cached())).toThrow('ENOENT');
  });

  test('are not waited for after a cancellation', async () => {
    await expect(text(undefined, AbortSignal.abort())).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  test('are not taken beyond a size', async () => {
    const url = 'url' in source.from ? source.from.url : '';
    const { signal } = new AbortController();
    await expect(download(url, 1000, signal, () => undefined)).rejects.toThrow('more than 1000');
  });
});

describe('data in the cache', () => {
  test.each([
    ['changed', Buffer.from(TEXT.replace('1', '2'))],
    ['cut', Buffer.from(TEXT.slice(0, -1))],
    ['damaged', gzipSync(TEXT).subarray(0, 40)],
    ['empty', Buffer.from('')],
  ])('are refused where they are %s', async (_, bytes) => {
    await text();
    writeFileSync(cached(), bytes);
    await expect(text()).rejects.toMatchObject({
      code: 'suite-data-changed',
      message: expect.stringContaining(cached()) as unknown,
    });
    expect(requests).toBe(1);
  });

  test('that a user put there, compressed, are taken', async () => {
    await text();
    writeFileSync(cached(), gzipSync(TEXT));
    expect(await text()).toBe(TEXT);
  });
});

describe('a file of the user', () => {
  test.each([
    ['as it is', (bytes: string) => bytes],
    ['compressed', gzipSync],
  ])('is taken %s, and nothing is fetched or kept', async (_, written) => {
    const file = path.join(folder, 'mine.jsonl');
    writeFileSync(file, written('mine\n'));
    expect(await text(file)).toBe('mine\n');
    expect(requests).toBe(0);
  });

  test('that is not there is named', async () => {
    const file = path.join(folder, 'none.jsonl');
    await expect(text(file)).rejects.toMatchObject({
      code: 'no-suite-data',
      message: expect.stringContaining(file) as unknown,
    });
  });

  test('that is not text is refused', async () => {
    const file = path.join(folder, 'mine.jsonl');
    writeFileSync(file, Buffer.from([0x7b, 0xff]));
    await expect(text(file)).rejects.toMatchObject({ code: 'not-utf-8' });
  });
});
