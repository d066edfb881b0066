/** The interpreter of the wasm engine by itself, in this process: what it can ask for, what it forgets. */
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Variant } from '../../server/src/sandbox/pool/sandboxServer.ts';
import { DEFAULT_SANDBOX_FOLDER, loadInterpreter } from '../../server/src/sandbox/wasm/artifact.ts';
import type { Ending, Snapshot, VariantSeeds } from '../../server/src/sandbox/wasm/messages.ts';
import { FIRST_ROUND } from '../../server/src/sandbox/wasm/surroundings.ts';
import { Host } from '../../server/src/sandbox/wasm/worker/hostImports.ts';
import { Interpreter, prepareSnapshot } from '../../server/src/sandbox/wasm/worker/interpreter.ts';
import { readFrames } from '../../server/src/sandbox/pool/wire.ts';

const ARTIFACT = path.join(DEFAULT_SANDBOX_FOLDER, 'wasm');
const SEEDS: readonly [VariantSeeds, VariantSeeds] = [
  { hashSeed: 1, addressMask: 0, layoutSeed: 0, host: FIRST_ROUND[0] },
  { hashSeed: 2, addressMask: 0x15a3_c5f0, layoutSeed: 5, host: FIRST_ROUND[1] },
];
const NONCE = Buffer.alloc(16, 7);

/** The whole of what a program can ask the host for; a longer list needs a reason. */
const IMPORTS = [
  ...['clock_res_get', 'clock_time_get', 'environ_get', 'environ_sizes_get', 'fd_advise'],
  ...['fd_allocate', 'fd_close', 'fd_datasync', 'fd_fdstat_get', 'fd_fdstat_set_flags'],
  ...['fd_filestat_get', 'fd_filestat_set_size', 'fd_filestat_set_times', 'fd_pread'],
  ...['fd_prestat_dir_name', 'fd_prestat_get', 'fd_pwrite', 'fd_read', 'fd_readdir', 'fd_seek'],
  ...['fd_sync', 'fd_tell', 'fd_write', 'path_create_directory', 'path_filestat_get'],
  ...['path_filestat_set_times', 'path_link', 'path_open', 'path_readlink'],
  ...['path_remove_directory', 'path_rename', 'path_symlink', 'path_unlink_file', 'poll_oneoff'],
  ...['proc_exit', 'random_get', 'sched_yield'],
];
/** Those that do more than answer with a constant. */
const LIVE = [
  ...['clock_res_get', 'clock_time_get', 'environ_sizes_get', 'fd_fdstat_get', 'fd_filestat_get'],
  ...['fd_prestat_dir_name', 'fd_prestat_get', 'fd_write', 'poll_oneoff', 'proc_exit'],
  'random_get',
];

let module: WebAssembly.Module;
let bootSource: string;
let snapshots: readonly [Snapshot, Snapshot];

beforeAll(async () => {
  const loaded = await loadInterpreter(DEFAULT_SANDBOX_FOLDER);
  module = new WebAssembly.Module(loaded.program);
  bootSource = loaded.bootSource;
  snapshots = [snapshotOf(0), snapshotOf(1)];
}, 120_000);

function snapshotOf(variant: Variant): Snapshot {
  const { memory, stackPointer } = prepareSnapshot(module, bootSource, SEEDS[variant]);
  const shared = new SharedArrayBuffer(memory.length);
  new Uint8Array(shared).set(memory);
  return { memory: shared, stackPointer };
}

/** An interpreter and what its programs reported. */
class Subject {
  readonly interpreter = new Interpreter(module);

  call(program: string, variant: Variant = 0): { ending: Ending; report: Record<string, unknown> } {
    const written: Uint8Array[] = [];
    const body = JSON.stringify({
      operation: 'run',
      program,
      inputs: ['3'],
      nonce: NONCE.toString('hex'),
      outputCharacters: 8192,
      stdoutCharacters: 8192,
    });
    const ending = this.interpreter.call(
      {
        ...{ variant, snapshot: snapshots[variant], surroundings: FIRST_ROUND[variant] },
        ...{ bodies: [body], token: NONCE.toString('hex') },
        ...{ wallMs: 1_000, memoryMb: 64, payloadBytes: 200_000 },
      },
      { onStarted: () => undefined, onReported: (frame) => written.push(frame) },
    );
    const { reports } = readFrames(Buffer.concat(written), NONCE);
    return { ending, report: JSON.parse(reports[0] ?? '{}') as Record<string, unknown> };
  }

  output(program: string, variant: Variant = 0): unknown {
    return this.call(program, variant).report['output'];
  }
}

function entry(body: string): string {
  return `def f(x):\n    ${body.trim().replaceAll('\n', '\n    ')}`;
}

describe('what is shipped', () => {
  const copy = mkdtempSync(path.join(tmpdir(), 'azr-artifact-'));
  afterAll(() => {
    rmSync(copy, { recursive: true });
  });

  test('is the file that the manifest describes', () => {
    const manifest = JSON.parse(readFileSync(path.join(ARTIFACT, 'manifest.json'), 'utf8')) as {
      file: string;
      sha256: string;
      bytes: number;
    };
    const file = readFileSync(path.join(ARTIFACT, manifest.file));
    expect(createHash('sha256').update(file).digest('hex')).toBe(manifest.sha256);
    expect(file.length).toBe(manifest.bytes);
    expect(file.length).toBeLessThan(2_500_000);
  });

  test('is refused when one bit of it is another', async () => {
    cpSync(DEFAULT_SANDBOX_FOLDER, copy, { recursive: true });
    await expect(loadInterpreter(copy)).resolves.toMatchObject({ pythonVersion: '3.11.2' });
    const file = path.join(copy, 'wasm', 'python.wasm.br');
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(file, bytes);
    await expect(loadInterpreter(copy)).rejects.toMatchObject({ code: 'damaged-installation' });
  });
});

describe('what it can ask for', () => {
  test('is a fixed list of functions, nearly all of which refuse', () => {
    const asked = WebAssembly.Module.imports(module);
    expect(new Set(asked.map((entry) => entry.module))).toEqual(
      new Set(['wasi_snapshot_preview1']),
    );
    expect(asked.map(({ name }) => name).sort()).toEqual([...IMPORTS].sort());
    const host = new Host();
    const given = host.imports()['wasi_snapshot_preview1']!;
    expect(Object.keys(given).sort()).toEqual([...IMPORTS].sort());
    for (const name of IMPORTS.filter((candidate) => !LIVE.includes(candidate))) {
      // Without memory, a function that did anything with its arguments would throw.
      const answer = (given[name] as (...values: number[]) => unknown)(3, 8, 8, 8, 8, 8, 8, 8, 8);
      if (name === 'environ_get') expect(answer).toBe(0);
      else expect([8, 52, 63], name).toContain(answer);
    }
  });

  test('is memory up to a limit that is in the binary', () => {
    const { exports } = new WebAssembly.Instance(module, new Host().imports());
    const memory = exports['memory'] as WebAssembly.Memory;
    const pages = memory.buffer.byteLength / 65_536;
    expect(() => memory.grow(8192 - pages + 1)).toThrow(RangeError);
    expect(memory.grow(1)).toBe(pages);
  });
});

describe('a prepared interpreter', () => {
  test('is the same, byte for byte, when it is prepared again', () => {
    const again = snapshotOf(0);
    expect(again.stackPointer).toBe(snapshots[0].stackPointer);
    expect(Buffer.compare(Buffer.from(again.memory), Buffer.from(snapshots[0].memory))).toBe(0);
  });

  test.each([
    ['the hash of a text', 'return hash("text")'],
    ['an address', 'return id(None)'],
    ['the address of a new object', 'return str(object())'],
    ['the hash of what has no value', 'return hash(object())'],
    ['the order of a set of texts', 'return list({"a", "b", "c", "d", "e", str(x)})'],
    ['the order of a set of types', 'return str({int, str, list, dict, set, float, bool})'],
    ['the date', 'import time\nreturn time.time()'],
    ['a duration', 'import time\nt = time.perf_counter()\nreturn time.perf_counter() - t'],
    ['random bytes', 'import os\nreturn os.urandom(8)'],
  ])('gives the same %s every time, and the other variant another', (_, body) => {
    const subject = new Subject();
    const program = entry(body);
    const first = subject.output(program, 0);
    expect(first).toBeTypeOf('string');
    expect(subject.output(program, 1)).not.toBe(first);
    expect(subject.output(program, 0)).toBe(first);
    expect(new Subject().output(program, 0)).toBe(first);
  });

  test('hashes as CPython does on 64-bit machines', () => {
    // Numbers from a native CPython 3.11 with PYTHONHASHSEED=1.
    const subject = new Subject();
    const body =
      'return [hash(v) for v in ("abc", b"abc", (1, 2), 0.5, 1e300, 2 ** 70, -1, 3 + 4j, frozenset({1, 2}))]';
    expect(subject.output(entry(body))).toBe(NATIVE_HASHES);
    const equal = 'from decimal import Decimal\nfrom fractions import Fraction\n';
    const equalBody =
      'return [hash(Decimal("1.5")) == hash(1.5) == hash(Fraction(3, 2)), hash(Decimal(10) ** 25) == hash(10 ** 25)]';
    expect(subject.output(equal + entry(equalBody))).toBe('[True, True]');
  });
});

const NATIVE_HASHES =
  '[-4667308735975688587, -4667308735975688587, -3550055125485641917, 1152921504606846976, 1224995262755759164, 512, -2, 4000015, -1826646154956904602]';

describe('after a program that', () => {
  const vandals: Readonly<Record<string, string>> = {
    'patches built-ins': 'import builtins\nbuiltins.len = lambda _: 0\nreturn 1',
    'runs out of memory': 'values = [0]\nwhile True: values += values',
    'overflows the stack': `
import sys
sys.setrecursionlimit(10 ** 9)
class A:
    def __repr__(self): return repr(self)
return repr(A())`,
    'leaves by os._exit': 'import os\nos._exit(0)',
    aborts: 'import os\nos.abort()',
    'sleeps too long': 'import time\ntime.sleep(1000)',
    'reports too much': 'import os\nwhile True: os.write(3, bytes(100))',
    'runs code that is none': `
code = f.__code__.replace(co_code=bytes(range(256)) * 4, co_consts=(), co_stacksize=1)
return type(f)(code, {})(1)`,
  };

  test.each(Object.entries(vandals))('%s, memory is as it was prepared', (_, body) => {
    const subject = new Subject();
    const fresh = Buffer.from(memoryAfterNothing(new Subject()));
    subject.call(entry(body));
    const after = Buffer.from(memoryAfterNothing(subject));
    expect(after.length).toBe(fresh.length);
    expect(Buffer.compare(after, fresh)).toBe(0);
  });

  test('keeps a secret, nothing of it is left', () => {
    const subject = new Subject();
    const token = 'residue-token-9e1b7c';
    subject.call(entry(`return ["${token}" * x for _ in range(10_000)]`));
    expect(Buffer.from(subject.interpreter.memory).includes(token)).toBe(true);
    expect(Buffer.from(memoryAfterNothing(subject)).includes(token)).toBe(false);
  });

  /** Memory after a call that is refused before it reads anything, so that only the restoring shows. */
  function memoryAfterNothing(subject: Subject): Uint8Array {
    subject.interpreter.call(
      {
        ...{ variant: 0, snapshot: snapshots[0], surroundings: FIRST_ROUND[0] },
        ...{ bodies: [''], token: NONCE.toString('hex') },
        ...{ wallMs: 1_000, memoryMb: 64, payloadBytes: 0 },
      },
      { onStarted: () => undefined, onReported: () => undefined },
    );
    return subject.interpreter.memory;
  }
});
