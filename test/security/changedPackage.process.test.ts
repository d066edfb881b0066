/** A package that an index changed, or that would have to be built, is not installed. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { enginePython } from '../../server/src/runner/enginePython.ts';
import { setUpPython } from '../../server/src/runner/setUpPython.ts';

/** Writes a wheel, and a source distribution whose set-up program writes a file. */
const MAKE_PACKAGES = `
import io, sys, tarfile, zipfile
folder, canary = sys.argv[1:]
with zipfile.ZipFile(folder + "/azr_probe-1.0-py3-none-any.whl", "w") as wheel:
    info = "azr_probe-1.0.dist-info/"
    wheel.writestr("azr_probe.py", "answer = 42\\n")
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: azr-probe\\nVersion: 1.0\\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(info + "RECORD", "")
with tarfile.open(folder + "/azr_built-1.0.tar.gz", "w:gz") as source:
    program = f"open({canary!r}, 'w').close()\\nfrom setuptools import setup\\nsetup(name='azr_built', version='1.0')\\n"
    entry = tarfile.TarInfo("azr_built-1.0/setup.py")
    entry.size = len(program)
    source.addfile(entry, io.BytesIO(program.encode()))
`;

let folder: string;
let canary: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-packages-'));
  canary = path.join(folder, 'canary');
  spawnSync(enginePython(), ['-I', '-c', MAKE_PACKAGES, folder, canary], { stdio: 'inherit' });
  vi.stubEnv('PIP_CONFIG_FILE', '/dev/null');
  vi.stubEnv('PIP_EXTRA_INDEX_URL', undefined);
  vi.stubEnv('PIP_NO_INDEX', '1');
  vi.stubEnv('PIP_FIND_LINKS', folder);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

function setUp(packages: string): Promise<string> {
  const engineFolder = path.join(folder, 'engine');
  const locks = path.join(engineFolder, 'locks');
  mkdirSync(locks, { recursive: true });
  for (const file of ['pip.txt', 'torch.txt']) writeFileSync(path.join(locks, file), '');
  writeFileSync(path.join(locks, 'packages.txt'), packages);
  const { signal } = new AbortController();
  const directory = path.join(folder, 'python');
  return setUpPython({ directory, engineFolder, signal, onLine: () => undefined });
}

function hashOf(file: string): string {
  return createHash('sha256')
    .update(readFileSync(path.join(folder, file)))
    .digest('hex');
}

test('a package is installed only if it is the pinned one to the last byte', async () => {
  const pinned = `azr-probe==1.0 --hash=sha256:${hashOf('azr_probe-1.0-py3-none-any.whl')}\n`;
  await expect(setUp(pinned.replace(/[0-9a-f]{64}/, 'a'.repeat(64)))).rejects.toMatchObject({
    code: 'package-changed',
    remedy: expect.any(String) as string,
  });

  const python = await setUp(pinned);
  const { stdout } = spawnSync(python, ['-I', '-c', 'import azr_probe; print(azr_probe.answer)']);
  expect(stdout.toString().trim()).toBe('42');
});

test('no package is built, which would run its author’s program', async () => {
  const pinned = `azr-built==1.0 --hash=sha256:${hashOf('azr_built-1.0.tar.gz')}\n`;
  await expect(setUp(pinned)).rejects.toMatchObject({ code: 'no-package-for-platform' });
  expect(existsSync(canary)).toBe(false);
});
