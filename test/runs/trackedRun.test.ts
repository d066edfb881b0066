/** One run as a viewer follows it, where its disk or its runner is not as it should be. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';

import { PROTOCOL_VERSION } from '../../server/protocol/version.ts';
import { ownStart } from '../../server/src/runFolder/processIdentity.ts';
import { type RunFolder, runFolderAt } from '../../server/src/runFolder/runFolder.ts';
import { writeRunnerAddress } from '../../server/src/runFolder/runnerAddress.ts';
import { TrackedRun } from '../../server/src/runs/trackedRun.ts';

const LISTENER = { changed: () => undefined, ended: () => undefined };

let run: RunFolder;

beforeEach(() => {
  run = runFolderAt(mkdtempSync(path.join(tmpdir(), 'azr-tracked-')));
});

afterEach(() => {
  rmSync(run.folder, { recursive: true, force: true });
});

test('a database that cannot be looked at is unreadable, and seen again when it can', () => {
  // The system refuses it with another error than that nothing is there.
  symlinkSync(run.database, run.database);
  const tracked = new TrackedRun(run, LISTENER);
  tracked.refresh();
  expect(tracked.overview).toMatchObject({
    state: 'unreadable',
    problem: { code: 'input-output' },
  });
  expect(() => tracked.reader()).toThrow();
  rmSync(run.database);
  tracked.refresh();
  expect(tracked.overview.state).not.toBe('unreadable');
  tracked.dispose();
});

test('two requests at once share one connection to a runner', async () => {
  let connections = 0;
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (socket) => {
    connections += 1;
    // The first, of the look, finds nobody; both requests knock after it.
    if (connections === 1) {
      socket.close();
      return;
    }
    const hello = {
      kind: 'hello',
      protocolVersion: PROTOCOL_VERSION,
      state: 'paused',
      sequence: 0,
    };
    socket.send(JSON.stringify(hello));
  });
  await once(server, 'listening');
  writeRunnerAddress(run, {
    pid: process.pid,
    startedAt: ownStart(),
    hostName: hostname(),
    protocolVersion: PROTOCOL_VERSION,
    port: (server.address() as AddressInfo).port,
    token: 'a'.repeat(64),
  });
  const tracked = new TrackedRun(run, LISTENER);
  const pause = () => tracked.command({ kind: 'pause' }, ['paused']);
  await Promise.all([pause(), pause()]);
  expect(connections).toBe(2);
  tracked.dispose();
  for (const client of server.clients) client.terminate();
  await new Promise((resolve) => server.close(resolve));
});
