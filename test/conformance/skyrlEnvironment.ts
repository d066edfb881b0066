/** The Python environment of a pinned SkyRL, in `.tools/skyrl`, made once. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { execa } from 'execa';

import { enginePython } from '../../server/src/machine/enginePython.ts';
import { interpreterIn } from '../../server/src/python/environment.mjs';

const FOLDER = path.join(import.meta.dirname, '../../.tools/skyrl');
export const SKYRL_ENVIRONMENT = path.join(FOLDER, 'venv');
const STAMP = path.join(FOLDER, 'azr-studio-requirements');
const REQUIREMENTS = path.join(import.meta.dirname, 'requirements.txt');

/** Pydantic takes no other TypedDict before Python 3.12, and SkyRL 0.3.0 uses the standard one. */
const TYPED_DICT =
  'import typing, typing_extensions; typing.TypedDict = typing_extensions.TypedDict\n';

/** Installs SkyRL unless it is there; takes some minutes and 2 GB. */
export async function installSkyrl(): Promise<void> {
  const hash = createHash('sha256')
    .update(await readFile(REQUIREMENTS))
    .digest('hex');
  if (existsSync(STAMP) && (await readFile(STAMP, 'utf8')) === hash) return;
  console.log('Installing SkyRL into .tools/skyrl (about 2 GB, once) …');
  mkdirSync(FOLDER, { recursive: true });
  await rm(SKYRL_ENVIRONMENT, { recursive: true, force: true });
  await execa(enginePython(), ['-m', 'venv', SKYRL_ENVIRONMENT]);
  const python = interpreterIn(SKYRL_ENVIRONMENT);
  const log = path.join(FOLDER, 'install.log');
  await execa(
    python,
    [
      ...['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check', '--no-compile'],
      ...['--progress-bar', 'off', '-r', REQUIREMENTS],
    ],
    { stdout: { file: log }, stderr: { file: log } },
  );
  await patchTypedDict(python);
  await writeFile(STAMP, hash);
}

/** By a .pth file of the environment's own, so that SkyRL's files stay as they were published. */
async function patchTypedDict(python: string): Promise<void> {
  const program =
    "import sys, sysconfig; print(sys.version_info >= (3, 12), sysconfig.get_paths()['purelib'])";
  const { stdout } = await execa(python, ['-c', program]);
  const [isNew, packages = ''] = stdout.trim().split(' ');
  if (isNew === 'True') return;
  await writeFile(path.join(packages, 'typed_dict_before_3_12.pth'), TYPED_DICT);
}
