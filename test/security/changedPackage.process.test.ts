/** A package that an index changed, or that would have to be built, is not installed. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { execa } from 'execa';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { installLocked } from '../../server/src/python/lockedInstall.mjs';
import { pythonStart } from '../../server/src/python/pythonStart.mjs';
import { enginePython } from '../../server/src/machine/enginePython.ts';
import { interpreterIn } from '../../server/src/python/environment.mjs';

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

/** What pip says, and set-up turns into a message with a remedy. */
const REFUSED = /DO NOT MATCH THE HASHES/;

let folder: string;
let environment: string;
let canary: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-packages-'));
  environment = path.join(folder, 'python');
  canary = path.join(folder, 'canary');
  const start = { ...pythonStart(), stdio: 'inherit' } as const;
  spawnSync(enginePython(), ['-m', 'venv', environment], start);
  spawnSync(enginePython(), ['-I', '-c', MAKE_PACKAGES, folder, canary], start);
  vi.stubEnv('PIP_CONFIG_FILE', '/dev/null');
  vi.stubEnv('PIP_EXTRA_INDEX_URL', undefined);
  vi.stubEnv('PIP_NO_INDEX', '1');
  vi.stubEnv('PIP_FIND_LINKS', folder);
  // The same for uv, which is used where PATH has it.
  vi.stubEnv('UV_NO_INDEX', '1');
  vi.stubEnv('UV_FIND_LINKS', folder);
});

afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** In one environment, since making one takes longest. */
async function install(packages: string): Promise<{ failed: boolean; output: string }> {
  const locks = path.join(folder, 'engine', 'locks');
  mkdirSync(locks, { recursive: true });
  for (const file of ['pip.txt', 'torch.txt']) writeFileSync(path.join(locks, file), '');
  writeFileSync(path.join(locks, 'packages.txt'), packages);
  const python = interpreterIn(environment);
  return installLocked(path.join(folder, 'engine'), python, async (_step, program, words) => {
    const options = { ...pythonStart({ keepsSecrets: true }), reject: false, all: true } as const;
    const { failed, all } = await execa(program, words, options);
    return { failed, output: all };
  });
}

function hashOf(file: string): string {
  return createHash('sha256')
    .update(readFileSync(path.join(folder, file)))
    .digest('hex');
}

test('a package is installed only if it is the pinned one to the last byte', async () => {
  const pinned = `azr-probe==1.0 --hash=sha256:${hashOf('azr_probe-1.0-py3-none-any.whl')}\n`;
  const changed = await install(pinned.replace(/[0-9a-f]{64}/, 'a'.repeat(64)));
  expect(changed).toMatchObject({ failed: true, output: expect.stringMatching(REFUSED) as string });
  expect(await install('azr-probe==1.0\n')).toMatchObject({ failed: true });
  expect(await install(pinned)).toMatchObject({ failed: false });
});

test('no package is built, which would run its author’s program', async () => {
  const pinned = `azr-built==1.0 --hash=sha256:${hashOf('azr_built-1.0.tar.gz')}\n`;
  expect(await install(pinned)).toMatchObject({ failed: true });
  expect(existsSync(canary)).toBe(false);
});
