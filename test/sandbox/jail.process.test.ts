/**
 * Hostile programs against every engine, as root and as an ordinary user. Each is followed, on the
 * same worker, by a clean program that must be right; everything else is watched from outside: a
 * listener, a canary file, places where anyone may write, the process table, memory and environment.
 */
import { createSocket, type Socket } from 'node:dgram';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_HARNESS_PATH } from '../../server/src/sandbox/native/forkServer.ts';
import { ENGINES } from './engines.ts';
import type { Targets } from './hostile/hostileProgram.ts';
import { hostilePrograms } from './hostile/hostilePrograms.ts';
import { environmentOf, relatedProcesses, residentBytes } from './processTable.ts';
import { RemoteSandbox, type User, users } from './remoteSandbox.ts';

const SECRET = 'secret-71d2e8';
const PLANTED = 'planted-4b77aa';
const CANARY = 'canary-5f3a9c';
const MARKER = `azr-marker-${process.pid}`;
const MEMORY_MB = 128;
const CLEAN_LIMITS = { cpuMs: 2_000, wallMs: 8_000, memoryMb: MEMORY_MB };
/** Short where the limit is what must end a program, so that the suite is. */
const TIMEOUT_LIMITS = { cpuMs: 150, wallMs: 700, memoryMb: MEMORY_MB };

/** What only an undamaged interpreter gets right. */
const CLEAN_PROGRAM = `
import math, json, decimal, re
def f(x):
    return [len([1, 2, 3]), 1 + 2, str(5), math.sqrt(16), json.loads('{"a": 2, "b": 1}'), sum([x, 2]),
            str(decimal.Decimal(1) / 8), re.sub("a+", "b", "caat"), int("9" * 700) > 0]
`;
const CLEAN_OUTPUT = "[3, 3, '5', 4.0, {'a': 2, 'b': 1}, 5, '0.125', 'cbt', True]";

const folder = mkdtempSync(path.join(tmpdir(), 'azr-jail-'));
const canaryFile = path.join(folder, 'canary');
const SHARED_PLACES = [process.cwd(), '/tmp', '/dev/shm', '/var/tmp', '/'];
let tcp: Server;
let unix: Server;
let udp: Socket;
let connections = 0;

function listen(server: Server, where: { port: number; host: string } | { path: string }) {
  server.on('connection', (socket) => {
    connections += 1;
    socket.destroy();
  });
  return new Promise<void>((resolve) => server.listen(where, resolve));
}

beforeAll(async () => {
  chmodSync(folder, 0o755);
  writeFileSync(canaryFile, CANARY);
  chmodSync(canaryFile, 0o666);
  tcp = createServer();
  unix = createServer();
  await listen(tcp, { port: 0, host: '127.0.0.1' });
  await listen(unix, { path: `\0${MARKER}` });
  udp = createSocket('udp4', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => {
    udp.bind(0, '127.0.0.1', resolve);
  });
});

afterAll(() => {
  tcp.close();
  unix.close();
  udp.close();
  rmSync(folder, { recursive: true });
});

/** One worker, and a folder that only its programs are told of. */
class Lane {
  readonly folder: string;
  sandbox!: RemoteSandbox;
  processes!: readonly number[];
  memoryBefore = 0;

  constructor() {
    this.folder = mkdtempSync(path.join(folder, 'lane-'));
    chmodSync(this.folder, 0o755);
    mkdirSync(this.writable);
    chmodSync(this.writable, 0o777);
    writeFileSync(path.join(this.writable, 'planted.py'), `TOKEN = "${PLANTED}"`);
    // A path of its own tells this sandbox's processes from all others.
    symlinkSync(path.dirname(DEFAULT_HARNESS_PATH), path.join(this.folder, 'harness'));
  }

  get writable(): string {
    return path.join(this.folder, 'writable');
  }

  async open(engine: string, user: User): Promise<void> {
    const harnessPath = path.join(this.folder, 'harness', path.basename(DEFAULT_HARNESS_PATH));
    const options = { workers: 1, limits: CLEAN_LIMITS, harnessPath };
    this.sandbox = await RemoteSandbox.open(engine, user, options, { AZR_TEST_SECRET: SECRET });
    // A program that keeps its server has a spare started, which must be there before all are counted.
    const servers = engine === 'wasm' ? 2 : 3;
    while (this.sandbox.serverPids.length < servers) {
      await this.sandbox.run('def f(x):\n    while True: pass', '3', { wallMs: 1_000 });
    }
    expect((await this.sandbox.run(CLEAN_PROGRAM, '3')).output).toBe(CLEAN_OUTPUT);
    this.processes = this.related();
    this.memoryBefore = residentBytes(this.sandbox.ownerPid);
  }

  related(): number[] {
    return relatedProcesses(this.sandbox.ownerPid, this.folder);
  }

  targets(): Targets {
    return {
      tcpPort: (tcp.address() as { port: number }).port,
      udpPort: udp.address().port,
      unixName: MARKER,
      canaryFile,
      serverPids: this.sandbox.serverPids,
      writableFolder: this.writable,
      marker: MARKER,
    };
  }
}

/** Hands each of several lanes to one test at a time. */
class Lanes {
  readonly all = [new Lane(), new Lane()];
  readonly #free = [...this.all];
  readonly #waiting: ((lane: Lane) => void)[] = [];

  async use(body: (lane: Lane) => Promise<void>): Promise<void> {
    const lane = this.#free.pop() ?? (await new Promise<Lane>((take) => this.#waiting.push(take)));
    try {
      await body(lane);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.push(lane);
      else next(lane);
    }
  }
}

// The table is needed before ports and folders are known, so tests look their program up by name.
const NOWHERE = {
  ...{ tcpPort: 1, udpPort: 1, unixName: '', canaryFile: '', writableFolder: '', marker: '' },
  serverPids: [],
};
const names = hostilePrograms(NOWHERE).map(({ name }) => name);

test('there are at least eighty hostile programs, each with a name of its own', () => {
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(80);
});

async function runHostile(lane: Lane, name: string): Promise<void> {
  const hostile = hostilePrograms(lane.targets()).find((candidate) => candidate.name === name)!;
  const limits = hostile.outcomes.includes('timeout') ? TIMEOUT_LIMITS : CLEAN_LIMITS;
  const started = performance.now();
  const execution = await lane.sandbox.run(hostile.program, '3', limits);
  const tookMs = performance.now() - started;

  const told = JSON.stringify(execution);
  expect(hostile.outcomes, told).toContain(execution.outcome);
  if (execution.outcome === 'ok') expect(execution.output).toMatch(hostile.result!);
  expect(told).not.toMatch(new RegExp(`${CANARY}|${SECRET}|${PLANTED}|root:`));
  // Half a second beyond the limit, and what a busy machine takes to notice.
  expect(tookMs).toBeLessThan(limits.wallMs + 2_000);
  expect(execution.memoryKb).toBeLessThan((MEMORY_MB + 100) << 10);

  const next = await lane.sandbox.run(CLEAN_PROGRAM, '3');
  expect(next.output, JSON.stringify(next)).toBe(CLEAN_OUTPUT);
  expect(lane.related()).toEqual(lane.processes);
  expect(readdirSync(lane.writable)).toEqual(['planted.py']);
  for (const place of SHARED_PLACES) expect(existsSync(path.join(place, MARKER))).toBe(false);
  expect(readFileSync(canaryFile, 'utf8')).toBe(CANARY);
  expect(statSync(canaryFile).mode & 0o777).toBe(0o666);
  expect(connections).toBe(0);
}

async function describeMatrix(): Promise<void> {
  for (const engine of ENGINES) {
    for (const user of users()) {
      const title = `${engine.name}, as ${user.name}`;
      const missing = user.missing ?? (await engine.missing());
      if (missing !== undefined) test.skip(`${title}: not tried, because ${missing}`);
      else {
        describe(title, () => {
          hostileSuite(engine.name, user);
        });
      }
    }
  }
}

function hostileSuite(engine: string, user: User): void {
  const lanes = new Lanes();
  beforeAll(async () => {
    await Promise.all(lanes.all.map((lane) => lane.open(engine, user)));
  });
  afterAll(async () => {
    await Promise.all(lanes.all.map((lane) => lane.sandbox.close()));
    for (const lane of lanes.all) expect(lane.related()).toEqual([]);
  });

  test('the jail has an environment without secrets', () => {
    const [lane] = lanes.all;
    expect(lane!.processes.length).toBeGreaterThan(0);
    const environments = lane!.processes.map(environmentOf);
    expect(environments.join('')).not.toContain(SECRET);
    // The control: the owner, whose environment the same way of looking shows.
    expect(environmentOf(lane!.sandbox.ownerPid)).toContain(SECRET);
  });

  describe.concurrent('holds a program that', () => {
    test.each(names)('%s', (name) => lanes.use((lane) => runHostile(lane, name)));
  });

  test('is as it was after all this: no process more, no memory more', async () => {
    await delay(150);
    for (const lane of lanes.all) {
      expect(lane.related()).toEqual(lane.processes);
      expect(residentBytes(lane.sandbox.ownerPid) - lane.memoryBefore).toBeLessThan(150 << 20);
    }
  });

  test('leaves no trace of one result for the next program', () =>
    lanes.use(async ({ sandbox }) => {
      const token = 'residue-token-9e1b7c';
      for (let count = 0; count < 20; count += 1) {
        const { output } = await sandbox.run(`def f(x): return "${token}" * x`, '40');
        expect(output).toContain(token);
      }
      const scanned = await sandbox.run(RESIDUE_SCAN, JSON.stringify(token.replaceAll('-', '_')));
      expect(scanned.outcome, JSON.stringify(scanned)).toBe('ok');
      expect(scanned.output).toMatch(/^(?:\(0, True\)|None)$/);
    }));
}

/**
 * Fresh memory from both of Python's allocators still holds what was freed in it: the control, a value
 * this very program let go, must be found, and the other program's value must not. None says that there
 * is no way to look at memory at all.
 */
const RESIDUE_SCAN = `
def f(token):
    for kind in object.__subclasses__():
        if kind.__name__ == "CDLL":
            library = kind(None)
            ctypes = kind.__init__.__globals__
            break
    else:
        return None
    string_at = ctypes["string_at"]
    token = token.replace("_", "-").encode()
    control = b"control" + b"-token-"
    freed = [control * 100 for _ in range(50)]
    del freed
    found = {token: 0, control: 0}
    for allocate in (library.malloc, library.PyMem_Malloc):
        allocate.restype = ctypes["c_void_p"]
        for size in (64, 256, 500, 720, 1000, 4000, 16000, 100000):
            for _ in range(40):
                content = string_at(allocate(size), size)
                for needle in found:
                    found[needle] += content.count(needle)
    return found[token], found[control] > 0
`;

await describeMatrix();
