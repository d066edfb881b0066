import { createSocket, type Socket } from 'node:dgram';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_HARNESS_PATH } from '../../server/src/sandbox/forkServer.ts';
import { type NativeSandbox, openNativeSandbox } from '../../server/src/sandbox/nativeSandbox.ts';
import { hostilePrograms } from './hostilePrograms.ts';

const CANARY = 'canary-5f3a9c';
const SECRET = 'secret-71d2e8';
const LIMITS = { cpuMs: 300, wallMs: 1_500 };

/** What only an undamaged interpreter gets right. */
const CLEAN_PROGRAM = `
import math, json
def f(x):
    return [len([1, 2, 3]), 1 + 2, str(5), math.sqrt(16), json.loads('{"a": 2, "b": 1}'), sum([x, 2])]
`;
const CLEAN_OUTPUT = "[3, 3, '5', 4.0, {'a': 2, 'b': 1}, 5]";

const folder = mkdtempSync(join(tmpdir(), 'azr-jail-'));
const writableFolder = join(folder, 'writable');
const canaryFile = join(folder, 'canary');
let tcp: Server;
let udp: Socket;
let connections = 0;
let sandbox: NativeSandbox;
let heapBefore: number;

beforeAll(async () => {
  process.env['AZR_TEST_SECRET'] = SECRET;
  writeFileSync(canaryFile, CANARY);
  mkdtempSync(`${writableFolder}-`);
  chmodSync(folder, 0o777);
  chmodSync(canaryFile, 0o644);
  // A path of its own tells this sandbox's processes from all others.
  symlinkSync(dirname(DEFAULT_HARNESS_PATH), join(folder, 'harness'));
  tcp = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
  udp = createSocket('udp4', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => {
    udp.bind(0, '127.0.0.1', resolve);
  });
  sandbox = await openNativeSandbox({
    workers: 1,
    limits: LIMITS,
    harnessPath: join(folder, 'harness', 'zygote.py'),
  });
  heapBefore = process.memoryUsage().rss;
});

afterAll(async () => {
  await sandbox.close();
  tcp.close();
  udp.close();
  delete process.env['AZR_TEST_SECRET'];
  expect(jailProcesses()).toEqual([]);
  rmSync(folder, { recursive: true });
});

/** Process ids of everything that was started from this test's copy of the harness. */
function jailProcesses(): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((entry) => {
      try {
        return readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes(folder);
      } catch {
        return false;
      }
    })
    .map(Number);
}

function targets(): Parameters<typeof hostilePrograms>[0] {
  return {
    tcpPort: (tcp.address() as { port: number }).port,
    udpPort: udp.address().port,
    canaryFile,
    writableFolder: folder,
  };
}

// The table is needed before the ports are known, so tests look their program up by name.
const names = hostilePrograms({ tcpPort: 1, udpPort: 1, canaryFile, writableFolder: folder }).map(
  ({ name }) => name,
);

describe.skipIf(process.platform !== 'linux')('a program that', () => {
  test.each(names)('%s', async (name) => {
    const hostile = hostilePrograms(targets()).find((candidate) => candidate.name === name)!;
    const servers = [...sandbox.serverPids];
    const files = readdirSync(folder);

    const execution = await sandbox.run(hostile.program, '3');
    expect(hostile.outcomes, JSON.stringify(execution)).toContain(execution.outcome);
    if (execution.outcome === 'ok') expect(execution.output).toBe(hostile.output);
    expect(execution.durationMs).toBeLessThan(LIMITS.wallMs + 2_000);
    expect(JSON.stringify(execution)).not.toMatch(new RegExp(`${CANARY}|${SECRET}`));

    const next = await sandbox.run(CLEAN_PROGRAM, '3');
    expect(next.output, JSON.stringify(next)).toBe(CLEAN_OUTPUT);
    expect(sandbox.serverPids).toEqual(servers);
    expect(readdirSync(folder)).toEqual(files);
    expect(connections).toBe(0);
    await delay(50);
    expect(jailProcesses().sort()).toEqual([...servers].sort());
  });

  test('leaves no trace of its result for the next one', async () => {
    const token = 'residue-token-9e1b7c';
    // Fresh memory from both of Python's allocators still holds what was freed in it: the control, a
    // value this very program let go, must be found, and the other program's value must not.
    const scan = `
def f(token):
    for kind in object.__subclasses__():
        if kind.__name__ == "CDLL":
            library = kind(None)
            ctypes = kind.__init__.__globals__
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
    for (let count = 0; count < 20; count += 1) {
      const { output } = await sandbox.run(`def f(x): return "${token}" * x`, '40');
      expect(output).toContain(token);
    }
    const scanned = await sandbox.run(scan, JSON.stringify(token.replaceAll('-', '_')));
    expect(scanned).toMatchObject({ outcome: 'ok', output: '(0, True)' });
  });

  test('does all this leaves the memory of the owner as it was', () => {
    expect(process.memoryUsage().rss - heapBefore).toBeLessThan(150 << 20);
  });
});

test('the description names the rings in force', () => {
  expect(sandbox.description.engine).toBe('native');
  expect(sandbox.description.pythonVersion).toMatch(/^3\.\d+/);
  if (process.platform === 'linux') {
    expect(sandbox.description.rings).toContain('seccomp allow-list');
  }
});
