/**
 * Another user of this machine opens connections to the gate of `npm start` and leaves them open, or listens
 * on its port while it is closed: neither keeps the owner out, and neither gets in.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { freePort } from '../../scripts/studio/freePort.mjs';
import { openStudioGate, type StudioGate } from '../../scripts/studio/studioGate.mjs';

/** How many the gate keeps for long, and at all; see unknownConnections.mjs. */
const MANY = 32;
const MAXIMUM = 256;
const GONE = { timeout: 10_000 };

let upstream: Server;
let gate: StudioGate;
let opened: Socket[];

async function openGate(port: number): Promise<StudioGate> {
  const address = upstream.address();
  return openStudioGate({
    server: {
      port: typeof address === 'object' && address !== null ? address.port : 0,
      session: { name: 'upstream', value: 'secret' },
    },
    port,
    folder: '/a folder',
    trustedFolder: undefined,
  });
}

beforeEach(async () => {
  upstream = createServer((_request, response) => response.end('VS Code'));
  const port = await freePort();
  await new Promise<void>((resolve) => upstream.listen(port, '127.0.0.1', resolve));
  gate = await openGate(await freePort());
  opened = [];
});

afterEach(async () => {
  for (const socket of opened) socket.destroy();
  await gate.close();
  upstream.closeAllConnections();
  upstream.close();
});

/** A connection that is never ended from this side. */
async function holdOpen(text: string): Promise<Socket> {
  const port = Number(new URL(gate.origin).port);
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  opened.push(socket);
  // The gate may close it before it was written to.
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'connect');
  if (text !== '') socket.write(text);
  return socket;
}

/** Those that the gate still has; one that is destroyed there answers further data with a reset. */
async function stillHeld(): Promise<number> {
  for (const socket of opened) if (socket.writable) socket.write('x');
  await new Promise((resolve) => setTimeout(resolve, 100));
  return opened.filter((socket) => !socket.destroyed).length;
}

async function signIn(): Promise<string> {
  const response = await fetch(gate.issueLink());
  return (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
}

async function statusOf(cookie: string): Promise<number> {
  return (await fetch(`${gate.origin}${gate.basePath}/`, { headers: { cookie } })).status;
}

describe('a connection that is refused is let go, although its other side stays open:', () => {
  test.each([
    [
      'an upgrade',
      'GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    ],
    ['a body that does not come', 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\na'],
  ])('%s', async (_name, text) => {
    for (let index = 0; index < 20; index += 1) await holdOpen(text);
    // Well before the time that connections without a request have.
    await expect.poll(stillHeld, { timeout: 3_000 }).toBe(0);
  });
});

test('silent connections lock nobody out, and the oldest of too many go first', async () => {
  const cookie = await signIn();
  for (let index = 0; index < 2 * MAXIMUM; index += 1) await holdOpen('');
  expect(await statusOf(cookie)).toBe(200);
  const held = opened.filter((socket) => !socket.destroyed && !socket.readableEnded);
  expect(held.length).toBeLessThanOrEqual(MAXIMUM);
  expect(opened.indexOf(held[0]!)).toBeGreaterThanOrEqual(MAXIMUM - 1);
  // The rest has a second.
  await expect
    .poll(() => opened.filter((socket) => !socket.destroyed && !socket.readableEnded).length, GONE)
    .toBeLessThanOrEqual(MANY);
  expect(await statusOf(cookie)).toBe(200);
});

test('who listens on the port of a closed studio learns nothing that the next one believes', async () => {
  const port = Number(new URL(gate.origin).port);
  const seen = gate.basePath;
  await gate.close();
  const asked: string[] = [];
  const squatter = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end();
  });
  await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve));
  // The tab that is still open.
  await fetch(`http://127.0.0.1:${port}${seen}/`);
  expect(asked).toEqual([`${seen}/`]);

  gate = await openGate(await freePort(port));
  const response = await fetch(gate.issueLink());
  const cookie = response.headers.get('set-cookie') ?? '';
  // A browser sends the cookie below this path only, on every port; the squatter's tabs are at the old one.
  expect(/Path=([^;]+)/.exec(cookie)?.[1]).toBe(`${gate.basePath}/`);
  expect(gate.basePath).toMatch(/^\/azr-[\w-]{22}$/);
  expect(gate.basePath).not.toBe(seen);
  squatter.closeAllConnections();
  squatter.close();
});
