/** The native engine's rings: which are in force, and what happens where one cannot be had. */
import {
  chmodSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { DEFAULT_HARNESS_PATH } from '../../server/src/sandbox/native/forkServer.ts';
import { openNativeSandbox } from '../../server/src/sandbox/native/nativeSandbox.ts';
import { openOuterRing } from '../../server/src/sandbox/native/outerRing.ts';
import { findPython } from '../../server/src/sandbox/native/pythonInterpreter.ts';
import { relatedProcesses } from './processTable.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'azr-rings-'));
chmodSync(folder, 0o755);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const SECCOMP = process.arch === 'arm64' ? 277 : 317;
const LANDLOCK_CREATE_RULESET = 444;
const ENOSYS = 38;
const EPERM = 1;

const PRELUDE = fileURLToPath(new URL('fixtures/withoutCalls.py', import.meta.url));

/** A copy of the harness that meets a kernel where these calls fail. */
function harnessWithout(calls: readonly (readonly [number: number, error: number])[]): string {
  const copy = mkdtempSync(path.join(folder, 'harness-'));
  cpSync(path.dirname(DEFAULT_HARNESS_PATH), copy, { recursive: true });
  chmodSync(copy, 0o755);
  const pairs = calls.map((pair) => `(${pair.join(', ')})`).join(', ');
  const prelude = readFileSync(PRELUDE, 'utf8').replace('= []', `= [${pairs}]`);
  expect(prelude).toContain(pairs);
  const entry = path.join(copy, path.basename(DEFAULT_HARNESS_PATH));
  writeFileSync(entry, `${prelude}\n${readFileSync(DEFAULT_HARNESS_PATH, 'utf8')}`);
  return entry;
}

const noRing =
  process.platform === 'linux'
    ? (await openOuterRing(await findPython('python3'), DEFAULT_HARNESS_PATH)).reason
    : 'there is no native engine here';

describe.skipIf(process.platform !== 'linux')('the inner ring', () => {
  test('is described', async () => {
    const sandbox = await openNativeSandbox({ outerRing: false });
    const { engine, pythonVersion, rings, notPromised } = sandbox.description;
    await sandbox.close();
    expect([engine, pythonVersion]).toEqual(['native', expect.stringMatching(/^3\.\d+\.\d+/)]);
    expect(rings).toContain('seccomp allow-list');
    expect(notPromised.join(' ')).toContain('No namespaces around the jail: ');
  });

  test('is refused where no filter can be installed', async () => {
    const harnessPath = harnessWithout([[SECCOMP, ENOSYS]]);
    await expect(openNativeSandbox({ harnessPath })).rejects.toMatchObject({
      code: 'seccomp-unavailable',
      message: expect.stringContaining('Function not implemented') as string,
      remedy: expect.stringContaining('seccomp profile') as string,
    });
  });

  test('is refused where a filter seems to be installed and is not', async () => {
    const harnessPath = harnessWithout([[SECCOMP, 0]]);
    await expect(openNativeSandbox({ harnessPath })).rejects.toMatchObject({
      code: 'seccomp-unavailable',
      message: expect.stringContaining('not in force') as string,
    });
  });

  test.each([
    ['is not in the kernel', ENOSYS],
    ['is switched off', 95],
    ['is forbidden', EPERM],
  ])('is refused where Landlock %s and there are no namespaces', async (_, error) => {
    const harnessPath = harnessWithout([[LANDLOCK_CREATE_RULESET, error]]);
    await expect(openNativeSandbox({ harnessPath, outerRing: false })).rejects.toMatchObject({
      code: 'landlock-unavailable',
      remedy: expect.stringContaining('bubblewrap') as string,
    });
  });
});

describe('the outer ring', () => {
  test('is left out, with a reason, where bubblewrap is not installed', async () => {
    const python = await findPython('python3');
    expect(await openOuterRing(python, DEFAULT_HARNESS_PATH, folder)).toEqual({
      ring: undefined,
      reason: 'bubblewrap (bwrap) is not installed.',
    });
  });

  test('is left out, with the reason, where bubblewrap fails', async () => {
    const complaint = 'bwrap: setting up uid map: Permission denied';
    writeFileSync(path.join(folder, 'bwrap'), `#!/bin/sh\necho "${complaint}" >&2\nexit 1\n`);
    chmodSync(path.join(folder, 'bwrap'), 0o755);
    const python = await findPython('python3');
    const { ring, reason } = await openOuterRing(python, DEFAULT_HARNESS_PATH, folder);
    expect(ring).toBeUndefined();
    expect(reason).toContain(complaint);
  });

  const title = noRing === undefined ? '' : ` (not tried, because ${noRing})`;
  describe.skipIf(noRing !== undefined)(`where it works${title}`, () => {
    test('gives the jail namespaces of its own', async () => {
      const sandbox = await openNativeSandbox();
      try {
        expect(sandbox.description.rings[0]).toMatch(/^bubblewrap: /);
        expect(sandbox.description.notPromised.join(' ')).not.toContain('namespaces');
        for (const server of sandbox.serverPids) {
          const jailed = relatedProcesses(server, '\0no marker').at(-1)!;
          for (const kind of ['pid', 'net', 'ipc', 'mnt', 'uts']) {
            const theirs = namespaceOf(jailed, kind);
            if (theirs !== undefined) expect(theirs).not.toBe(namespaceOf(process.pid, kind));
          }
        }
      } finally {
        await sandbox.close();
      }
    });

    test('is enough beside the filter where there is no Landlock', async () => {
      const harnessPath = harnessWithout([[LANDLOCK_CREATE_RULESET, ENOSYS]]);
      const sandbox = await openNativeSandbox({ harnessPath });
      const { rings } = sandbox.description;
      const { output } = await sandbox.run('def f(x): return x + 1', '41');
      await sandbox.close();
      expect(output).toBe('42');
      expect(rings.join(' ')).not.toContain('Landlock');
      expect(rings).toContain('seccomp allow-list');
    });
  });
});

/** Undefined where the system does not say, as to an ordinary user about a process that is locked down. */
function namespaceOf(pid: number, kind: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`);
  } catch {
    return undefined;
  }
}
