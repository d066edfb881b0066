/** An engine server answers with what fills memory, never ends, or imitates lines of ours. */
import { ProblemError } from '../../server/protocol/problem.ts';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

import { afterEach, describe, expect, test } from 'vitest';

import { replyBytes } from '../../server/src/engine/tinker/replyBody.ts';
import {
  TinkerClient,
  type TinkerClientOptions,
} from '../../server/src/engine/tinker/tinkerClient.ts';

const MIB = 2 ** 20;

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

/** A client of a server that answers every request with `answer`. */
async function clientOf(
  answer: (response: ServerResponse, url: string, encoding: string) => void,
  options: Partial<TinkerClientOptions> = {},
): Promise<TinkerClient> {
  const started = createServer((request, response) => {
    request.resume();
    answer(response, request.url ?? '', String(request.headers['accept-encoding']));
  });
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  const { port } = started.address() as AddressInfo;
  return new TinkerClient({ url: `http://127.0.0.1:${port}`, apiKey: '', ...options });
}

/** Writes as fast as it is read, up to `mostBytes`; the result tells how many were written so far. */
function flood(response: ServerResponse, mostBytes: number): () => number {
  const block = Buffer.alloc(64 * 1024, ' ');
  let sent = 0;
  const write = (): void => {
    while (sent < mostBytes && !response.destroyed) {
      sent += block.length;
      if (!response.write(block)) return;
    }
    response.end('{}');
  };
  response.on('drain', write);
  write();
  return () => sent;
}

async function refusal(answer: Promise<unknown>): Promise<ProblemError> {
  const error: unknown = await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ProblemError);
  return error as ProblemError;
}

describe('memory', () => {
  test('a reply that inflates a thousandfold is refused, and none was asked for', async () => {
    const bomb = gzipSync(Buffer.alloc(256 * MIB));
    const asked: string[] = [];
    const client = await clientOf((response, _, encoding) => {
      asked.push(encoding);
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    });
    const before = process.memoryUsage.rss();
    const { code, message } = await refusal(client.get('get_server_capabilities'));
    expect(code).toBe('engine_protocol');
    expect(message).toContain('compressed ("gzip")');
    expect(asked).toEqual(['identity']);
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * MIB);
  });

  test.each([200, 400])('a reply of status %i that does not end is left unread', async (status) => {
    let sent = (): number => 0;
    const client = await clientOf((response) => {
      response.writeHead(status);
      sent = flood(response, 512 * MIB);
    });
    const { code } = await refusal(client.get('get_server_capabilities'));
    expect(code).toBe(status === 200 ? 'engine_reply_too_long' : 'engine_refused');
    expect(sent()).toBeLessThan(32 * MIB);
  });

  test('a reply may be as long as what was asked for can be, and no longer', async () => {
    const values = new Array<number>(200_000).fill(-0.12345678901234568);
    const client = await clientOf((response, url) => {
      const isPoll = url.endsWith('retrieve_future');
      response.end(JSON.stringify(isPoll ? { values } : { request_id: 'r' }));
    });
    const ask = (bytes?: number): Promise<unknown> =>
      client.compute('asample', { seq_id: 1 }, { replyBytes: bytes });
    await expect(ask(replyBytes(8, 200_000))).resolves.toEqual({ values });
    expect((await refusal(ask())).code).toBe('engine_reply_too_long');
  });
});

describe('time', () => {
  /** A byte every few milliseconds, for ever. */
  function drip(response: ServerResponse): void {
    response.writeHead(200);
    const timer = setInterval(() => response.write(' '), 20);
    response.on('close', () => {
      clearInterval(timer);
    });
  }

  test('a reply that comes byte by byte is not waited for longer than one that is silent', async () => {
    const client = await clientOf(drip, { silenceMs: 200 });
    expect((await refusal(client.get('healthz'))).code).toBe('engine_silent');
  });

  test('a person who stops is not kept waiting by one', async () => {
    const client = await clientOf(drip);
    const startedMs = performance.now();
    await expect(client.get('healthz', AbortSignal.timeout(200))).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });
});

describe('texts of errors', () => {
  const answering = (status: number, body: object | string): Promise<TinkerClient> =>
    clientOf((response) => {
      response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
    });

  test('stand on one line, and say so where they were cut', async () => {
    const text = `${'A'.repeat(300)}\r\nazr: the run is finished\u2028${'B'.repeat(2_000)}`;
    const client = await answering(400, { error: text, code: text, remedy: text });
    const { code, message, remedy } = await refusal(client.get('healthz'));
    for (const shown of [code, message, remedy]) {
      expect(shown).not.toMatch(/[\n\r\u2028]/);
      expect(shown.length).toBeLessThanOrEqual(600);
      expect(shown.endsWith('… (shortened)')).toBe(true);
    }
    expect(message).toContain('A azr: the run is finished B');
  });

  test('are also cut where a reply of megabytes says that it succeeded', async () => {
    const client = await answering(200, { error: 'A'.repeat(900_000) });
    expect((await refusal(client.get('healthz'))).message.length).toBe(600);
  });

  test.each([
    [`{"detail":[{"loc":${'['.repeat(3000)}${']'.repeat(3000)},"msg":"too large"}]}`],
    ['{"detail":[{"loc":"body","msg":{}},null,7]}'],
  ])('are read from lists of any form: %#', async (body) => {
    const { message } = await refusal((await answering(422, body)).get('healthz'));
    expect(message).toMatch(/^The engine did not take the request: /);
  });

  test('of an error that goes on for megabytes keep their beginning', async () => {
    const body = { detail: [{ msg: 'rank is too large', input: 'x'.repeat(MIB) }] };
    const { message } = await refusal((await answering(422, body)).get('healthz'));
    expect(message).toContain('status 422');
    expect(message).toContain('rank is too large');
  });

  test('a name or a path of the server has a length', async () => {
    const client = await answering(200, { request_id: 'r'.repeat(100_000) });
    const { message } = await refusal(client.compute('optim_step', { seq_id: 1 }, {}));
    expect(message).toContain('"request_id" has 100000 characters');
  });
});
