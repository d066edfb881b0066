/** Prepared interpreters that one sandbox leaves to the next. */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { userCache } from '../../server/src/files/userCache.ts';
import { PreparedStates } from '../../server/src/sandbox/wasm/preparedStates.ts';
import { FIRST_ROUND } from '../../server/src/sandbox/wasm/surroundings.ts';
import { openWasmSandbox } from '../../server/src/sandbox/wasm/wasmSandbox.ts';

const HASHES = 'def f(x): return [hash(x), id(x) & 1023]';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-states-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** What a program gives in each of the two interpreters, whose results tell them apart. */
async function hashesIn(states: string): Promise<unknown> {
  const sandbox = await openWasmSandbox({ workers: 1, statesFolder: states });
  try {
    const executions = [];
    for (const variant of [0, 1] as const) {
      executions.push(await sandbox.run(HASHES, "'word'", { variant }));
    }
    return executions.map(({ outcome, output }) => ({ outcome, output }));
  } finally {
    await sandbox.close();
  }
}

test('a sandbox leaves both, and one that starts from them gives what a fresh one gives', async () => {
  const file = path.join(folder, 'file');
  writeFileSync(file, '');
  const expected = await hashesIn(path.join(file, 'below'));
  rmSync(file);
  expect(expected).toMatchObject([{ outcome: 'ok' }, { outcome: 'ok' }]);
  expect(await hashesIn(folder)).toEqual(expected);
  await expect
    .poll(() => readdirSync(folder).filter((name) => name.endsWith('.state')))
    .toHaveLength(2);
  const files = readdirSync(folder);
  const contents = files.map((name) => readFileSync(path.join(folder, name)));
  const before = new Date(Date.now() - 60_000);
  for (const name of files) utimesSync(path.join(folder, name), before, before);
  expect(await hashesIn(folder)).toEqual(expected);
  expect(readdirSync(folder)).toEqual(files);

  // Prepared anew elsewhere, they are the same to the byte.
  const elsewhere = path.join(folder, 'elsewhere');
  await hashesIn(elsewhere);
  await expect.poll(() => existsSync(elsewhere) && readdirSync(elsewhere)).toEqual(files);
  for (const [index, name] of files.entries()) {
    expect(readFileSync(path.join(elsewhere, name)).equals(contents[index]!), name).toBe(true);
  }
});

test.each([
  ['cut short', (content: Buffer) => content.subarray(0, 100_000)],
  ['empty', () => Buffer.alloc(0)],
  ['with one bit turned', (content: Buffer) => flipped(content)],
])('one that is %s is prepared again', async (_name, damage) => {
  const inputs = { digest: 'one', bootSource: 'x', variants: SEEDS } as const;
  const states = new PreparedStates(inputs, folder);
  const memory = new Uint8Array(200_000).map((_, index) => index % 251);
  await states.write(0, { memory, stackPointer: 77 });
  expect(await states.read()).toEqual({ 0: { memory, stackPointer: 77 } });
  const [name] = readdirSync(folder);
  const file = path.join(folder, name!);
  writeFileSync(file, damage(readFileSync(file)));
  expect(await states.read()).toEqual({});
});

test('other inputs have states of their own, and what is left behind goes after a month', async () => {
  const one = { digest: 'one', bootSource: 'x', variants: SEEDS } as const;
  const state = { memory: new Uint8Array([1, 2, 3]), stackPointer: 5 };
  await new PreparedStates(one, folder).write(0, state);
  const otherClock = { ...FIRST_ROUND[1], clockStartNs: FIRST_ROUND[1].clockStartNs + 2n };
  const others = [
    { ...one, digest: 'two' },
    { ...one, bootSource: 'y' },
    { ...one, variants: [SEEDS[0], { ...SEEDS[1], hashSeed: 9 }] as const },
    { ...one, variants: [SEEDS[0], { ...SEEDS[1], layoutSeed: 9 }] as const },
    { ...one, variants: [SEEDS[0], { ...SEEDS[1], host: otherClock }] as const },
  ].map((inputs) => new PreparedStates(inputs, folder));
  for (const other of others) expect(await other.read()).toEqual({});

  const [left] = readdirSync(folder);
  await others[0]!.write(1, state);
  expect(readdirSync(folder)).toContain(left);
  const longAgo = new Date(Date.now() - 31 * 24 * 3_600_000);
  utimesSync(path.join(folder, left!), longAgo, longAgo);
  await others[1]!.write(1, state);
  expect(readdirSync(folder)).not.toContain(left);
  expect(await others[0]!.read()).toEqual({ 1: state });
});

test('a folder that cannot be written changes nothing', async () => {
  const file = path.join(folder, 'file');
  writeFileSync(file, '');
  expect(await hashesIn(path.join(file, 'below'))).toMatchObject([
    { outcome: 'ok' },
    { outcome: 'ok' },
  ]);
});

test.runIf(process.platform === 'linux')('the folder is that of the user’s caches', () => {
  vi.stubEnv('HOME', '/home/somebody');
  vi.stubEnv('XDG_CACHE_HOME', '');
  expect(userCache('sandbox')).toBe('/home/somebody/.cache/azr-studio/sandbox');
  vi.stubEnv('XDG_CACHE_HOME', '/caches');
  expect(userCache('sandbox')).toBe('/caches/azr-studio/sandbox');
  vi.stubEnv('XDG_CACHE_HOME', undefined);
  vi.stubEnv('HOME', '');
  expect(userCache('sandbox')).toBeUndefined();
});

const SEEDS = [
  { hashSeed: 1, addressMask: 0, layoutSeed: 0, host: FIRST_ROUND[0] },
  { hashSeed: 2, addressMask: 16, layoutSeed: 3, host: FIRST_ROUND[1] },
] as const;

function flipped(content: Buffer): Buffer {
  const changed = Buffer.from(content);
  changed[150_000]! ^= 1;
  return changed;
}
