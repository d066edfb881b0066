import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';

import type { RunEvent } from '../../server/protocol/events.ts';
import type { FromRunner, ToRunner } from '../../server/protocol/runnerMessages.ts';
import type { RunState } from '../../server/protocol/runs.ts';
import { PROTOCOL_VERSION } from '../../server/protocol/version.ts';
import { RunnerEndpoint } from '../../server/src/run/endpoint/runnerEndpoint.ts';
import { runnerSocketIn } from '../../server/src/runFolder/runnerSocket.ts';

const EXAMPLE = { program: 'def f(x):\n    return x', input: '1', output: '1' };

let endpoint: RunnerEndpoint;
let obeyed: ToRunner[];
let state: RunState;
let folder: string;
const sockets = new Set<WebSocket>();

async function openEndpoint(socketFolders: readonly string[]): Promise<void> {
  obeyed = [];
  state = 'running';
  endpoint = await RunnerEndpoint.open(
    {
      state: () => state,
      sequence: () => 17,
      onCommand: (message) => obeyed.push(message),
    },
    socketFolders,
  );
}

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-endpoint-'));
});

afterEach(async () => {
  for (const socket of sockets) socket.terminate();
  sockets.clear();
  await endpoint.close();
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});

/** Where the endpoint listens. */
function place(): NetConnectOpts {
  const { port, token } = endpoint;
  return port === undefined ? { path: runnerSocketIn(folder, token) } : { host: '127.0.0.1', port };
}

/** What the endpoint is called by whoever comes over it. */
function host(): string {
  return endpoint.port === undefined ? 'localhost' : `127.0.0.1:${endpoint.port}`;
}

/** Connects as the owner would, but for what `headers` and `path` change. */
function open(headers: Record<string, string> = {}, path = '/'): WebSocket {
  const socket = new WebSocket(`ws://${host()}${path}`, {
    headers: { authorization: `Bearer ${endpoint.token}`, ...headers },
    createConnection: () => connect(place()),
  });
  sockets.add(socket);
  socket.on('error', () => undefined);
  return socket;
}

async function greeted(): Promise<{ socket: WebSocket; hello: FromRunner }> {
  const socket = open();
  const [data] = (await once(socket, 'message')) as [Buffer];
  return { socket, hello: JSON.parse(data.toString()) as FromRunner };
}

/** HTTP status of the answer to a handshake. */
async function statusOf(headers: Record<string, string>, path = '/'): Promise<number> {
  const socket = open(headers, path);
  const answer = once(socket, 'unexpected-response') as Promise<[unknown, { statusCode: number }]>;
  const opened = once(socket, 'open').then(() => 101);
  return Promise.race([answer.then(([, { statusCode }]) => statusCode), opened]);
}

async function closeCode(socket: WebSocket): Promise<number> {
  const [code] = (await once(socket, 'close')) as [number];
  return code;
}

describe.each([
  { over: 'a Unix socket', isSocket: true },
  { over: 'a port', isSocket: false },
])('over $over', ({ isSocket }) => {
  beforeEach(async () => {
    await openEndpoint(isSocket ? [folder] : []);
    expect(endpoint.port === undefined).toBe(isSocket);
  });

  describe('who gets in', () => {
    test('the owner of runner.json, who is told where the run stands', async () => {
      const { hello } = await greeted();
      expect(hello).toEqual({
        kind: 'hello',
        protocolVersion: PROTOCOL_VERSION,
        state: 'running',
        sequence: 17,
      });
      expect(endpoint.token).toMatch(/^[0-9a-f]{64}$/);
    });

    test('in the middle of a step, and is told what came before of it, once', async () => {
      const phase = { kind: 'phase', step: 5, phase: 'solve', done: 1, total: 4 } as const;
      const task = { kind: 'task', step: 5, mode: 'deduction', ...EXAMPLE } as const;
      for (const event of [{ ...phase, step: 4 }, task, phase]) endpoint.publish(event);
      const messages: unknown[] = [];
      const socket = open();
      socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString())));
      await once(socket, 'message');
      endpoint.publish({ ...phase, done: 2 });
      await expect.poll(() => messages.length).toBe(4);
      expect(messages.slice(1)).toEqual([
        { kind: 'event', sequence: 17, event: task, earlier: true },
        { kind: 'event', sequence: 17, event: phase, earlier: true },
        { kind: 'event', sequence: 17, event: { ...phase, done: 2 } },
      ]);
    });

    test('nobody without the token', async () => {
      const { token } = endpoint;
      const flipped = token.startsWith('0') ? `1${token.slice(1)}` : `0${token.slice(1)}`;
      for (const authorization of ['', 'Bearer ', token, `Basic ${token}`, `Bearer ${flipped}`]) {
        expect(await statusOf({ authorization }), authorization).toBe(401);
      }
      expect(await statusOf({ authorization: `Bearer ${token}${token}` })).toBe(401);
      expect(await statusOf({ authorization: `Bearer ${token.toUpperCase()}X` })).toBe(401);
    });

    test('no web page, not even one that knows the token', async () => {
      expect(await statusOf({ origin: 'https://example.org' })).toBe(403);
      expect(await statusOf({ origin: `http://${host()}` })).toBe(403);
      expect(await statusOf({ origin: 'null' })).toBe(403);
    });

    test('nobody who came by another name than the loopback interface', async () => {
      const { port = 80 } = endpoint;
      for (const other of [
        'attacker.example',
        `attacker.example:${port}`,
        `127.0.0.1:${port + 1}`,
      ]) {
        expect(await statusOf({ host: other }), other).toBe(403);
      }
      expect(await statusOf({ host: host().replace('127.0.0.1', 'localhost') })).toBe(101);
    });

    test('only on the one path, and only with a handshake', async () => {
      expect(await statusOf({}, '/other')).toBe(404);
      const plain = request({ path: '/', createConnection: () => connect(place()) });
      plain.end();
      const [response] = (await once(plain, 'response')) as [{ statusCode: number }];
      expect(response.statusCode).toBe(426);
    });

    test('no more than a few at a time', async () => {
      const clients = await Promise.all(Array.from({ length: 8 }, greeted));
      expect(await statusOf({})).toBe(503);
      clients[0]!.socket.close();
      await once(clients[0]!.socket, 'close');
      await expect.poll(() => statusOf({})).toBe(101);
    });
  });

  describe('what clients say', () => {
    test('is obeyed when it is a message of the protocol', async () => {
      const { socket } = await greeted();
      const messages: ToRunner[] = [
        { kind: 'pause' },
        { kind: 'resume' },
        { kind: 'stop', when: 'after-step' },
        { kind: 'stop', when: 'now' },
      ];
      for (const message of messages) socket.send(JSON.stringify(message));
      await expect.poll(() => obeyed).toEqual(messages);
    });

    test.each([
      ['no JSON', 'stop'],
      ['no object', '[]'],
      ['null', 'null'],
      ['an unknown kind', '{"kind": "erase"}'],
      ['a stop at no known time', '{"kind": "stop", "when": "yesterday"}'],
      ['a name of every object', '{"kind": "constructor"}'],
    ])('ends the connection when it is %s', async (_, text) => {
      const { socket } = await greeted();
      socket.send(text);
      expect(await closeCode(socket)).toBe(1003);
      expect(obeyed).toEqual([]);
    });

    test('ends the connection when it is binary', async () => {
      const { socket } = await greeted();
      socket.send(Buffer.from('{"kind": "pause"}'));
      expect(await closeCode(socket)).toBe(1003);
      expect(obeyed).toEqual([]);
    });

    test('ends the connection when it is too long', async () => {
      const { socket } = await greeted();
      socket.send(JSON.stringify({ kind: 'pause', padding: 'x'.repeat(2000) }));
      expect(await closeCode(socket)).toBe(1009);
      expect(obeyed).toEqual([]);
    });

    test('ends the connection when it comes too fast', async () => {
      const { socket } = await greeted();
      for (let count = 0; count < 100; count += 1) socket.send('{"kind": "pause"}');
      expect(await closeCode(socket)).toBe(1008);
      expect(obeyed.length).toBeLessThan(25);
    });

    test('ends the connection when it is no frame at all', async () => {
      const raw = connect(place());
      raw.write(handshake());
      await once(raw, 'data');
      raw.write(Buffer.alloc(64, 0xff));
      await once(raw, 'close');
      expect((await greeted()).hello.kind).toBe('hello');
    });
  });

  describe('a client that does not keep up', () => {
    test('gets every step but not all progress, and costs the run nothing', async () => {
      const slow = await stalledClient();
      const { socket } = await greeted();
      const heard: FromRunner[] = [];
      socket.on('message', (data) =>
        heard.push(JSON.parse((data as Buffer).toString()) as FromRunner),
      );
      const startedMs = performance.now();
      const rounds = 40;
      for (let step = 1; step <= rounds; step += 1) {
        for (let count = 0; count < 100; count += 1) endpoint.publish(taskEvent(step));
        endpoint.publish(stepEvent(step));
        // The client that reads gets its turn, the other one would never take it.
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(performance.now() - startedMs).toBeLessThan(5_000);
      await expect.poll(() => stepsIn(heard).length).toBe(rounds);

      const late = await slow.readAll();
      expect(stepsIn(late)).toEqual(stepsIn(heard));
      const tasks = late.filter(
        (message) => message.kind === 'event' && message.event.kind === 'task',
      );
      expect(tasks.length).toBeLessThan(rounds * 100);
    });

    test('is let go when it has missed megabytes of what cannot be left out', async () => {
      const slow = await stalledClient();
      for (let step = 1; step <= 400; step += 1) endpoint.publish(stepEvent(step, 1_000));
      await expect.poll(() => endpoint.clientCount).toBe(0);
      slow.socket.destroy();
    });
  });

  test('good-bye is said, and does not wait for who does not answer', async () => {
    const { socket } = await greeted();
    const slow = await stalledClient();
    const code = closeCode(socket);
    const startedMs = performance.now();
    await endpoint.close();
    expect(await code).toBe(1001);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    slow.socket.destroy();
  });

  test('a change of state is told to everybody', async () => {
    const [first, second] = [await greeted(), await greeted()];
    const told = Promise.all([once(first.socket, 'message'), once(second.socket, 'message')]);
    state = 'paused';
    endpoint.publishState();
    for (const [data] of await told) {
      expect(JSON.parse((data as Buffer).toString())).toEqual({ kind: 'state', state: 'paused' });
    }
  });
});

test('on a port, nobody gets in from outside this machine', async () => {
  await openEndpoint([]);
  const port = endpoint.port!;
  expect(port).toBeGreaterThan(1023);
  const outside = connect({ host: '::1', port });
  await expect(once(outside, 'connect')).rejects.toThrow();
});

test('a folder that takes no socket is passed over', async () => {
  const long = path.join(folder, 'x'.repeat(120));
  await openEndpoint([path.join(folder, 'missing'), long, folder]);
  expect(endpoint.port).toBeUndefined();
  expect(readdirSync(folder)).toHaveLength(1);
  await endpoint.close();
  await openEndpoint([path.join(folder, 'missing')]);
  expect(endpoint.port).toBeGreaterThan(1023);
});

function stepsIn(messages: readonly FromRunner[]): number[] {
  return messages.flatMap((message) =>
    message.kind === 'event' && message.event.kind === 'step' ? [message.event.step] : [],
  );
}

function taskEvent(step: number): RunEvent {
  const program = 'def f(x):\n    return x\n'.repeat(100);
  return { kind: 'task', step, mode: 'deduction', program, input: '1', output: '1' };
}

function stepEvent(step: number, metricCount = 10): RunEvent {
  const metrics = Array.from({ length: metricCount }, (_, index) => ({
    step,
    name: `metric.${index}`,
    value: index,
  }));
  return { kind: 'step', step, durationMs: 1, generatedTokens: 1, trainedTokens: 1, metrics };
}

function handshake(): string {
  return [
    'GET / HTTP/1.1',
    `Host: ${host()}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    `Authorization: Bearer ${endpoint.token}`,
    '\r\n',
  ].join('\r\n');
}

/** A client that opens the connection and then reads nothing until it is asked to. */
async function stalledClient(): Promise<{
  socket: Socket;
  readAll: () => Promise<FromRunner[]>;
}> {
  const socket = connect(place());
  socket.on('error', () => undefined);
  socket.write(handshake());
  const [first] = (await once(socket, 'data')) as [Buffer];
  socket.pause();
  const chunks = [first];
  return {
    socket,
    async readAll() {
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.resume();
      let before = -1;
      while (before !== chunks.length) {
        before = chunks.length;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      socket.destroy();
      const all = Buffer.concat(chunks);
      return textFrames(all.subarray(all.indexOf('\r\n\r\n') + 4));
    },
  };
}

/** Text frames of a server, which are whole and unmasked: RFC 6455, section 5.2. */
function textFrames(bytes: Buffer): FromRunner[] {
  const messages: FromRunner[] = [];
  for (let place = 0; place < bytes.length;) {
    const short = bytes[place + 1]!;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const start = place + 2 + lengthBytes;
    const length =
      lengthBytes === 0
        ? short
        : lengthBytes === 2
          ? bytes.readUInt16BE(place + 2)
          : Number(bytes.readBigUInt64BE(place + 2));
    if ((bytes[place]! & 0x0f) === 1) {
      messages.push(JSON.parse(bytes.toString('utf8', start, start + length)) as FromRunner);
    }
    place = start + length;
  }
  return messages;
}
