/** A stranger's `runner.json`, or another user of the machine, between a runner and its viewers. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { PROTOCOL_VERSION } from '../../server/protocol/version.ts';
import { RunCatalog } from '../../server/src/runs/runCatalog.ts';
import { readRunnerAddress } from '../../server/src/runFolder/runnerAddress.ts';
import { RunnerClient } from '../../server/src/runs/runnerClient.ts';
import { RunnerPresence } from '../../server/src/run/endpoint/runnerPresence.ts';
import {
  findRunnerSocket,
  removeLeftoverSockets,
  runnerSocketFolders,
  runnerSocketIn,
} from '../../server/src/runFolder/runnerSocket.ts';
import { type RunFolder, runFolderAt } from '../../server/src/runFolder/runFolder.ts';
import { RunSteering } from '../../server/src/run/runSteering.ts';

const TOKEN = 'a'.repeat(64);
const SILENT = { message: () => undefined, closed: () => undefined };
const isRoot = process.getuid?.() === 0;

let folder: string;
let home: string;
let temporary: string;
let before: NodeJS.ProcessEnv;
let servers: Server[];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-s-'));
  home = path.join(folder, 'home');
  temporary = path.join(folder, 'tmp');
  for (const made of [home, temporary]) mkdirSync(made);
  before = { ...process.env };
  Object.assign(process.env, { HOME: home, TMPDIR: temporary });
  servers = [];
});

afterEach(async () => {
  Object.assign(process.env, before);
  if (before['TMPDIR'] === undefined) delete process.env['TMPDIR'];
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

/** A program of somebody's, and how often it was connected to. */
async function listenAt(place: string | { host: string; port: number }) {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(place, resolve));
  return { server, connections: () => connections };
}

/** A folder of a run with nothing in it but this `runner.json`. */
function strangersRun(fields: object): RunFolder {
  const run = runFolderAt(path.join(folder, 'runs', 'stranger'));
  mkdirSync(run.folder, { recursive: true });
  const plausible = {
    pid: process.pid,
    startedAt: new Date(performance.timeOrigin).toISOString(),
    hostName: hostname(),
    protocolVersion: PROTOCOL_VERSION,
    token: TOKEN,
  };
  writeFileSync(run.owner, JSON.stringify({ ...plausible, ...fields }));
  return run;
}

/** What a window does with the folders that it finds. */
async function look(): Promise<void> {
  const catalog = new RunCatalog({
    searchFolders: [folder],
    cliProgram: [],
    pythonPath: '',
    engineKeys: new Map(),
    onChange: () => undefined,
    onEnded: () => undefined,
  });
  await catalog.scan();
  await new Promise((resolve) => setTimeout(resolve, 300));
  await catalog.dispose();
}

describe('a runner.json from a stranger', () => {
  test.each([
    ['a process of the system', { pid: 1 }],
    ['a process of the user with another start', { startedAt: '2020-01-01T00:00:00.000Z' }],
  ])('that names a port and %s makes no window connect to it', async (_, fields) => {
    const { server, connections } = await listenAt({ host: '127.0.0.1', port: 0 });
    const { port } = server.address() as { port: number };
    const run = strangersRun({ port, ...fields });
    await look();
    await expect(RunnerClient.connect(readRunnerAddress(run)!, SILENT)).rejects.toMatchObject({
      code: 'runner-gone',
    });
    expect(connections()).toBe(0);
  });

  test('that names a socket makes no window connect to it', async () => {
    const file = path.join(folder, 'docker.sock');
    const { connections } = await listenAt(file);
    for (const fields of [
      ...[{ port: file }, { socket: file, path: file, host: file, socketPath: file }],
      { token: `../../../../${file}` },
    ]) {
      const run = strangersRun(fields);
      await look();
      const address = readRunnerAddress(run);
      if (address === undefined) continue;
      await expect(RunnerClient.connect(address, SILENT)).rejects.toMatchObject({
        code: 'runner-unreachable',
        remedy: expect.stringContaining('container') as string,
      });
    }
    expect(connections()).toBe(0);
  });
});

describe('the folder of the sockets', () => {
  test('is one that only its owner can enter, and the socket is found there', async () => {
    const run = runFolderAt(path.join(folder, 'run'));
    mkdirSync(run.folder);
    const presence = await RunnerPresence.open(run, new RunSteering());
    const address = readRunnerAddress(run)!;
    expect(address.port).toBeUndefined();
    const file = findRunnerSocket(address.token)!;
    expect(lstatSync(path.dirname(file)).mode & 0o777).toBe(0o700);
    const client = await RunnerClient.connect(address, SILENT);
    client.close();
    await presence.close({ kind: 'stopped' });
    expect(existsSync(file)).toBe(false);
  });

  test.runIf(isRoot)('keeps every other user from the socket', async () => {
    for (const open of [folder, home, temporary]) chmodSync(open, 0o755);
    const shared = runnerSocketFolders().at(-1)!;
    const file = runnerSocketIn(shared, TOKEN);
    const { connections } = await listenAt(file);
    chmodSync(file, 0o777);
    const attack = `import socket; socket.socket(socket.AF_UNIX).connect(${JSON.stringify(file)})`;
    const nobody = { uid: 65_534, gid: 65_534, encoding: 'utf8', stdio: 'pipe', cwd: '/' } as const;
    expect(() => execFileSync('/usr/bin/python3', ['-c', attack], nobody)).toThrow(
      'PermissionError',
    );
    expect(connections()).toBe(0);
  });

  /** Another user gets there first, and the folder in the user's own home cannot be made. */
  describe.each([
    [
      'a link to a folder of somebody else',
      (place: string) => {
        mkdirSync(path.join(folder, 'theirs'), { mode: 0o700 });
        symlinkSync(path.join(folder, 'theirs'), place);
      },
    ],
    [
      'a folder that others can enter',
      (place: string) => {
        mkdirSync(place);
        chmodSync(place, 0o755);
      },
    ],
    [
      'a file',
      (place: string) => {
        writeFileSync(place, '');
      },
    ],
    [
      'a folder that others can replace',
      (place: string) => {
        mkdirSync(place, { mode: 0o700 });
        chmodSync(temporary, 0o777);
      },
    ],
    ...(isRoot
      ? ([
          [
            'a folder of another user',
            (place: string) => {
              mkdirSync(place, { mode: 0o700 });
              chownSync(place, 65_534, 65_534);
            },
          ],
        ] as const)
      : []),
  ] as const)('is not %s', (_, prepare) => {
    test('neither for a runner nor for a viewer', async () => {
      writeFileSync(path.join(home, '.local'), 'no folder');
      writeFileSync(path.join(home, 'Library'), 'no folder');
      const place = path.join(temporary, `azr-studio-${process.getuid!()}`);
      prepare(place);
      expect(runnerSocketFolders()).toEqual([]);
      if (lstatSync(place).isFile()) return;
      // There is a socket of the right name, and somebody who waits for the token.
      const { connections } = await listenAt(runnerSocketIn(place, TOKEN));
      expect(findRunnerSocket(TOKEN)).toBeUndefined();
      const run = strangersRun({});
      await expect(RunnerClient.connect(readRunnerAddress(run)!, SILENT)).rejects.toMatchObject({
        code: 'runner-unreachable',
      });
      expect(connections()).toBe(0);
    });
  });

  test('may lie deeper than a socket can: then another one is taken', () => {
    const deep = path.join(home, 'd'.repeat(100));
    mkdirSync(deep);
    process.env['HOME'] = deep;
    expect(runnerSocketFolders()).toEqual([
      path.join(temporary, `azr-studio-${process.getuid!()}`),
    ]);
  });
});

test('of what lies among the sockets, only those of killed runners are removed', async () => {
  const [place = ''] = runnerSocketFolders();
  const old = (file: string): string => {
    utimesSync(file, new Date(0), new Date(0));
    return file;
  };
  const named = (digit: string): string => runnerSocketIn(place, digit.repeat(64));
  /** As a runner that was killed leaves it. */
  const leaveSocket = async (file: string): Promise<void> => {
    const other = path.join(place, 'other');
    const { server } = await listenAt(other);
    linkSync(other, file);
    await new Promise((resolve) => server.close(resolve));
    servers.pop();
  };
  await leaveSocket(named('1'));
  old(named('1'));
  await leaveSocket(named('2'));
  await listenAt(named('3'));
  old(named('3'));
  writeFileSync(named('4'), 'a file by the name of a socket');
  old(named('4'));
  symlinkSync(path.join(folder, 'elsewhere'), named('5'));
  await leaveSocket(path.join(place, 'gpg-agent.sock'));
  old(path.join(place, 'gpg-agent.sock'));
  const ofAnotherMachine = path.join(place, `000000-${path.basename(named('6')).slice(7)}`);
  await leaveSocket(ofAnotherMachine);
  old(ofAnotherMachine);
  const there = readdirSync(place).sort();

  await removeLeftoverSockets(place);
  expect(readdirSync(place).sort()).toEqual(
    there.filter((name) => name !== path.basename(named('1'))),
  );
  expect(there).toHaveLength(7);
});
