/** The Python environment of the peer: TRL and what it alone needs, over the packages of the engine's own. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { execa, ExecaError } from 'execa';

import { pythonStart } from '../../server/src/python/pythonStart.mjs';
import { enginePython } from '../../server/src/machine/enginePython.ts';
import { interpreterIn } from '../../server/src/python/environment.mjs';

const FOLDER = path.join(import.meta.dirname, '../../.tools/trl');
const STAMP = path.join(FOLDER, 'azr-studio-requirements');
const REQUIREMENTS = path.join(import.meta.dirname, 'requirements.txt');

/** The peer's interpreter; its environment is made where it is missing or was made for other versions. */
export async function peerPython(): Promise<string> {
  const engine = enginePython();
  const packages = await packagesOf(engine);
  const hash = createHash('sha256')
    .update(await readFile(REQUIREMENTS))
    .update(packages)
    .digest('hex');
  const python = interpreterIn(FOLDER);
  if (existsSync(STAMP) && (await readFile(STAMP, 'utf8')) === hash) return python;
  console.log(`Installing ${path.basename(FOLDER)} into .tools/trl (about 300 MB, once) …`);
  try {
    await rm(FOLDER, { recursive: true, force: true });
    await execa(engine, ['-m', 'venv', '--without-pip', FOLDER], pythonStart());
    // The engine's torch and transformers are then the peer's too, to the byte.
    await writeFile(path.join(await packagesOf(python), 'engine.pth'), `${packages}\n`);
    const install = [
      ...['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check'],
      ...['--progress-bar', 'off', '-r', REQUIREMENTS],
    ];
    await execa(python, install, pythonStart({ keepsSecrets: true }));
    await writeFile(STAMP, hash);
    return python;
  } catch (error) {
    throw cannotInstall(error);
  }
}

async function packagesOf(python: string): Promise<string> {
  const program = "import sysconfig; print(sysconfig.get_paths()['purelib'])";
  const { stdout } = await execa(python, ['-c', program], pythonStart());
  return stdout.trim();
}

function cannotInstall(error: unknown): Error {
  const said = error instanceof ExecaError ? error.message : String(error);
  const reason = said.trim().split('\n').slice(-3).join('\n');
  return new Error(
    `TRL cannot be installed, so there is nothing to compare with:\n${reason}\n` +
      'Check that pip reaches a package index and that 300 MB are free, then run the same command again.',
    { cause: error },
  );
}
