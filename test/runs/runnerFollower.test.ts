/** Following a runner whose connection comes and goes, over a real socket. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';

import { PROTOCOL_VERSION } from '../../server/protocol/version.ts';
import { ownStart } from '../../server/src/runFolder/processIdentity.ts';
import { type RunFolder, runFolderAt } from '../../server/src/runFolder/runFolder.ts';
import {
  removeRunnerAddress,
  writeRunnerAddress,
} from '../../server/src/runFolder/runnerAddress.ts';
import { RunnerFollower } from '../../server/src/runs/runnerFollower.ts';

let run: RunFolder;
let server: WebSocketServer;
let heard: string[];
let follower: RunnerFollower;

beforeEach(async () => {
  run = runFolderAt(mkdtempSync(path.join(tmpdir(), 'azr-follower-')));
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  heard = [];
  follower = new RunnerFollower(run, {
    changed: (state, before) => {
      heard.push(state.kind === before.kind ? `still ${state.kind}` : state.kind);
    },
    message: (message) => {
      heard.push(message.kind === 'event' ? message.event.kind : message.kind);
    },
  });
});

afterEach(async () => {
  follower.dispose();
  for (const client of server.clients) client.terminate();
  await new Promise((resolve) => server.close(resolve));
  rmSync(run.folder, { recursive: true, force: true });
});

/** This process is the runner. */
function writeAddress(protocolVersion: number = PROTOCOL_VERSION): void {
  writeRunnerAddress(run, {
    ...{ pid: process.pid, startedAt: ownStart(), hostName: hostname(), protocolVersion },
    port: (server.address() as AddressInfo).port,
    token: 'a'.repeat(64),
  });
}

/** Of every connection, the greeting and a notice in the same breath, or a closed door. */
function greet(isGreeted: () => boolean): void {
  server.on('connection', (socket) => {
    if (!isGreeted()) {
      socket.close();
      return;
    }
    const state = { kind: 'hello', protocolVersion: PROTOCOL_VERSION, state: 'running' };
    const event = { kind: 'notice', message: 'Here.' };
    socket.send(JSON.stringify({ ...state, sequence: 0 }));
    socket.send(JSON.stringify({ kind: 'event', sequence: 1, event }));
  });
}

test('a connection that is lost is tried again until it is found, and ends with the runner', async () => {
  let isGreeted = true;
  greet(() => isGreeted);
  writeAddress();
  await follower.connect();
  await expect.poll(() => heard).toEqual(['connected', 'notice']);
  isGreeted = false;
  for (const client of server.clients) client.close();
  await expect.poll(() => heard).toContain('still unreachable');
  expect(heard.slice(0, 4)).toEqual(['connected', 'notice', 'connecting', 'unreachable']);
  isGreeted = true;
  heard = [];
  await expect
    .poll(() => heard.filter((what) => what !== 'still unreachable'))
    .toEqual([...['connected', 'notice']]);
  removeRunnerAddress(run);
  for (const client of server.clients) client.close();
  await expect.poll(() => heard.slice(-2)).toEqual(['connecting', 'ended']);
});

test('a look connects to a runner that seems alive, and not to one of another version', async () => {
  greet(() => true);
  writeAddress(PROTOCOL_VERSION + 1);
  await follower.look();
  expect([heard, server.clients.size]).toEqual([['other-protocol'], 0]);
  await expect(follower.connect()).rejects.toMatchObject({ code: 'protocol-changed' });
  writeAddress();
  await follower.look();
  expect(follower.client?.state).toBe('running');
});

test('without an address there is nothing to connect to, and once disposed of no try is made', async () => {
  await follower.look();
  expect(heard).toEqual([]);
  await expect(follower.connect()).rejects.toMatchObject({ code: 'not-running' });
  greet(() => false);
  writeAddress();
  await follower.look();
  expect(follower.state.kind).toBe('unreachable');
  follower.dispose();
  let connections = 0;
  server.on('connection', () => (connections += 1));
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(connections).toBe(0);
  await expect(follower.connect()).rejects.toMatchObject({ name: 'AbortError' });
});
