/**
 * Another user of this machine, who reads every command line, listens on other ports and finds old links,
 * does not get into the VS Code that `npm start` serves.
 */
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { freePort } from '../../scripts/studio/freePort.mjs';
import { openBrowser } from '../../scripts/studio/openBrowser.mjs';
import { signInFileIn } from '../../scripts/studio/signInFile.mjs';
import { LINK_LIFETIME_MINUTES, SignInLinks } from '../../scripts/studio/signInLinks.mjs';
import { openStudioGate, type StudioGate } from '../../scripts/studio/studioGate.mjs';

/** In places below: the path of this start. */
const BASE = '/azr-BASE';
const SESSION = { name: 'upstream', value: 'never-in-a-browser' };

let folder: string;
let upstream: Server;
let asked: { readonly url: string; readonly cookie: string }[];
let gate: StudioGate;
let nowMs: number;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-sign-in-'));
  asked = [];
  upstream = createServer((request, response) => {
    asked.push({ url: request.url ?? '', cookie: request.headers.cookie ?? '' });
    response.setHeader('X-From', 'VS Code');
    request.pipe(response);
  });
  upstream.on('upgrade', (request, socket) => {
    asked.push({ url: request.url ?? '', cookie: request.headers.cookie ?? '' });
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n',
    );
    socket.pipe(socket);
  });
  const port = await freePort();
  await new Promise<void>((resolve) => upstream.listen(port, '127.0.0.1', resolve));
  nowMs = 0;
  gate = await openStudioGate({
    server: { port, session: SESSION },
    port: await freePort(),
    folder: '/a folder',
    trustedFolder: '/a folder',
    links: new SignInLinks(() => nowMs),
  });
});

afterEach(async () => {
  await gate.close();
  upstream.closeAllConnections();
  upstream.close();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

async function signIn(): Promise<string> {
  const response = await fetch(gate.issueLink());
  expect(response.status).toBe(200);
  return (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
}

/** A socket that asks for an upgrade, as a WebSocket does. */
async function openSocket(cookie: string) {
  const socket = connect(Number(new URL(gate.origin).port), '127.0.0.1');
  const closed = once(socket, 'close');
  let heard = '';
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString();
  });
  await once(socket, 'connect');
  socket.write(
    `GET ${gate.basePath}/socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\nCookie: ${cookie}\r\n\r\n`,
  );
  return {
    closed,
    get heard() {
      return heard;
    },
    write: (text: string) => socket.write(text),
    destroy: () => socket.destroy(),
    tear: () => socket.resetAndDestroy(),
  };
}

describe('the link', () => {
  test('signs in once: who finds it later gets nothing', async () => {
    const link = gate.issueLink();
    let signedIn = 0;
    gate.onSignedIn(() => {
      signedIn += 1;
    });
    const first = await fetch(link);
    expect(first.status).toBe(200);
    expect(first.headers.get('set-cookie')).toMatch(
      /^azr-studio-session-\d+=[\w-]{43}; Path=\/azr-[\w-]{22}\/; HttpOnly; SameSite=Strict$/,
    );
    expect(first.headers.get('set-cookie')).toContain(`; Path=${gate.basePath}/;`);
    expect(await first.text()).toContain(`${gate.basePath}/?folder=%2Fa%20folder`);
    for (const method of ['GET', 'POST', 'HEAD']) {
      const again = await fetch(link, { method });
      expect(again.status).toBeGreaterThanOrEqual(400);
      expect(again.headers.get('set-cookie')).toBeNull();
      expect(await again.text()).not.toContain(gate.basePath);
    }
    expect(signedIn).toBe(1);
  });

  test('signs in for minutes only, and not once there is a newer one', async () => {
    const old = gate.issueLink();
    nowMs = LINK_LIFETIME_MINUTES * 60_000;
    expect((await fetch(old)).status).toBe(403);

    const replaced = gate.issueLink();
    const newest = gate.issueLink();
    expect((await fetch(replaced)).status).toBe(403);
    expect((await fetch(newest)).status).toBe(200);
  });

  test('is not found by guessing near it', async () => {
    const link = gate.issueLink();
    for (const guess of [`${link}x`, `${link}?a`, link.slice(0, -1), `${gate.origin}/sign-in/`]) {
      const response = await fetch(guess);
      expect(response.status).toBe(403);
      expect(response.headers.get('set-cookie')).toBeNull();
    }
    expect((await fetch(link)).status).toBe(200);
  });
});

describe('the session', () => {
  test('lets a browser reload as often as it likes, and VS Code sees its own secret only', async () => {
    const cookie = await signIn();
    for (let reload = 0; reload < 3; reload += 1) {
      const headers = { cookie: `theme=dark; ${cookie}` };
      const response = await fetch(`${gate.origin}${gate.basePath}/?folder=%2Fb`, { headers });
      expect(response.headers.get('x-from')).toBe('VS Code');
    }
    const seen = { url: '/?folder=%2Fb', cookie: 'theme=dark; upstream=never-in-a-browser' };
    expect(asked).toEqual([seen, seen, seen]);
  });

  test('carries bodies both ways', async () => {
    const body = 'x'.repeat(3_000_000);
    const headers = { cookie: await signIn() };
    const response = await fetch(`${gate.origin}${gate.basePath}/put`, {
      method: 'POST',
      body,
      headers,
    });
    expect(await response.text()).toBe(body);
  });

  test.each([
    ['no cookie', `${BASE}/`, '', 401],
    ['the secret of VS Code', `${BASE}/`, 'upstream=never-in-a-browser', 401],
    ['a guessed cookie', `${BASE}/`, 'azr-studio-session-1=a', 401],
    ['the root', '/', undefined, 404],
    ['another path', '/azr-other/', undefined, 404],
    ['a path that only begins so', `${BASE}x/`, undefined, 404],
    ['the login page of VS Code', '/login', undefined, 404],
  ])('is asked for: %s', async (_, place, given, status) => {
    const cookie = given ?? (await signIn());
    const response = await fetch(`${gate.origin}${place.replace(BASE, gate.basePath)}`, {
      headers: { cookie },
    });
    expect(response.status).toBe(status);
    expect(asked).toEqual([]);
  });

  test.each([true, false])('is asked for by WebSockets: %s', async (isSignedIn) => {
    const cookie = isSignedIn ? await signIn() : 'a=b';
    const socket = await openSocket(cookie);
    await expect.poll(() => socket.heard).toMatch(isSignedIn ? / 101 / : / 401 /);
    if (isSignedIn) {
      socket.write('hello');
      await expect.poll(() => socket.heard).toMatch(/hello$/);
      expect(asked).toEqual([{ url: '/socket', cookie: 'upstream=never-in-a-browser' }]);
    }
    socket.destroy();
  });
});

test('connections that are torn do not end the gate', async () => {
  const cookie = await signIn();
  for (let round = 0; round < 20; round += 1) {
    for (const given of ['a=b', cookie]) {
      const socket = await openSocket(given);
      socket.tear();
      await socket.closed;
    }
    const leaving = { headers: { cookie }, signal: AbortSignal.timeout(1) };
    await fetch(`${gate.origin}${gate.basePath}/`, leaving).catch(() => undefined);
  }
  const response = await fetch(`${gate.origin}${gate.basePath}/`, { headers: { cookie } });
  expect(response.status).toBe(200);
});

test('Ctrl-C ends windows that are open', async () => {
  const socket = await openSocket(await signIn());
  await expect.poll(() => socket.heard).toMatch(/ 101 /);
  await gate.close();
  await socket.closed;
});

describe('on this machine', () => {
  test.runIf(process.platform === 'linux')(
    'the link stands in no command line: the browser is opened on a private file',
    async () => {
      const record = path.join(folder, 'record');
      const opener = path.join(folder, 'xdg-open');
      writeFileSync(
        opener,
        `#!/bin/sh\nprintf '%s\\n' "$@" > '${record}.new'\nmv '${record}.new' '${record}'\n`,
      );
      chmodSync(opener, 0o755);
      vi.stubEnv('PATH', `${folder}:${process.env['PATH'] ?? ''}`);
      vi.stubEnv('DISPLAY', ':0');
      const link = gate.issueLink();
      const signInFile = signInFileIn(folder);

      signInFile.write(link);
      expect(openBrowser(signInFile.file)).toBe(true);

      await expect.poll(() => existsSync(record)).toBe(true);
      expect(readFileSync(record, 'utf8')).toBe(`${signInFile.file}\n`);
      expect(readFileSync(signInFile.file, 'utf8')).toContain(`url=${link}"`);
      expect(signInFile.file.split(path.sep).slice(-3)).toEqual([
        ...['dist', 'sign-in', 'azr-studio.html'],
      ]);
      expect(statSync(signInFile.file).mode & 0o777).toBe(0o600);
      expect(statSync(path.dirname(signInFile.file)).mode & 0o777).toBe(0o700);
      signInFile.remove();
      expect(existsSync(signInFile.file)).toBe(false);
    },
  );

  test('a file that others made readable, or keep open, does not get the link', () => {
    const signInFile = signInFileIn(folder);
    mkdirSync(path.dirname(signInFile.file), { recursive: true, mode: 0o777 });
    chmodSync(path.dirname(signInFile.file), 0o777);
    writeFileSync(signInFile.file, '', { mode: 0o666 });
    const opened = openSync(signInFile.file, 'r');
    signInFile.write('http://127.0.0.1:1/sign-in/a');
    expect(readFileSync(opened, 'utf8')).toBe('');
    closeSync(opened);
    expect(statSync(signInFile.file).mode & 0o777).toBe(0o600);
    expect(statSync(path.dirname(signInFile.file)).mode & 0o777).toBe(0o700);
  });
});
