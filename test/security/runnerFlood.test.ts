/** Somebody without the token opens connections to a runner and says nothing, or not enough. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';

import { RunnerEndpoint } from '../../server/src/run/endpoint/runnerEndpoint.ts';
import { runnerSocketIn } from '../../server/src/runFolder/runnerSocket.ts';

const FLOOD = 1_100;
/** The owner's patience. */
const OWNER_MS = 2_000;

let folder: string;
let endpoint: RunnerEndpoint;
let flood: Socket[];
let owner: WebSocket | undefined;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-flood-'));
  flood = [];
  owner = undefined;
});

afterEach(async () => {
  owner?.terminate();
  for (const socket of flood) socket.destroy();
  await endpoint.close();
  rmSync(folder, { recursive: true });
});

function place(): NetConnectOpts {
  const { port, token } = endpoint;
  return port === undefined ? { path: runnerSocketIn(folder, token) } : { host: '127.0.0.1', port };
}

/** Connections of somebody who knows no token; each sends `text` and then waits. */
async function floodWith(text: string, count = FLOOD): Promise<void> {
  const opened = Array.from({ length: count }, () => {
    const socket = connect(place());
    socket.on('error', () => undefined);
    flood.push(socket);
    if (text !== '') socket.write(text);
    return new Promise<void>((resolve) => {
      socket.once('connect', resolve).once('close', () => {
        resolve();
      });
    });
  });
  await Promise.all(opened);
}

/** How long the owner takes to be greeted, in milliseconds. */
async function ownersWait(): Promise<number> {
  const startedMs = performance.now();
  const host = endpoint.port === undefined ? 'localhost' : `127.0.0.1:${endpoint.port}`;
  owner = new WebSocket(`ws://${host}/`, {
    headers: { authorization: `Bearer ${endpoint.token}` },
    createConnection: () => connect(place()),
  });
  await once(owner, 'message', { signal: AbortSignal.timeout(10_000) });
  return performance.now() - startedMs;
}

describe.each([
  { over: 'a port, open to every user of the machine', isSocket: false },
  { over: 'a Unix socket', isSocket: true },
])('over $over', ({ isSocket }) => {
  beforeEach(async () => {
    endpoint = await RunnerEndpoint.open(
      { state: () => 'running', sequence: () => 1, onCommand: () => undefined },
      isSocket ? [folder] : [],
    );
  });

  test.each([
    ['say nothing', ''],
    ['begin a handshake and never end it', 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: '],
    [
      'ask without the token and keep the connection open',
      'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nAuthorization: Bearer 0\r\n\r\n',
    ],
    [
      'ask for a page and send its body for ever',
      'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\nx',
    ],
  ])('1,100 connections that %s do not keep the owner out', async (_, text) => {
    await floodWith(text);
    expect(await ownersWait()).toBeLessThan(OWNER_MS);
  });

  test('connections that say nothing are let go after a second, and the owner is not', async () => {
    await ownersWait();
    await floodWith('', 20);
    const startedMs = performance.now();
    await expect
      .poll(() => flood.every(({ destroyed, readableEnded }) => destroyed || readableEnded))
      .toBe(true);
    expect(performance.now() - startedMs).toBeLessThan(2_500);
    expect(owner?.readyState).toBe(WebSocket.OPEN);
    expect(endpoint.clientCount).toBe(1);
  });
});
