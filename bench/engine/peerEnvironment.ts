/** The Python environment of a peer: what it alone needs, over the packages of the engine's own. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { execa, ExecaError } from 'execa';

import { pythonStart } from '../../server/src/python/pythonStart.mjs';
import { enginePython } from '../../server/src/machine/enginePython.ts';
import { interpreterIn } from '../../server/src/python/environment.mjs';

export interface Peer {
  readonly name: string;
  /** Of its environment, in `.tools`. */
  readonly folder: string;
  /** A file with its packages, each pinned. */
  readonly requirements: string;
  readonly megabytes: number;
}

/** The peer's interpreter; its environment is made where it is missing or was made for other versions. */
export async function peerPython(peer: Peer): Promise<string> {
  const folder = path.join(import.meta.dirname, '../../.tools', peer.folder);
  const stamp = path.join(folder, 'azr-studio-requirements');
  const engine = enginePython();
  const packages = await packagesOf(engine);
  const hash = createHash('sha256')
    .update(await readFile(peer.requirements))
    .update(packages)
    .digest('hex');
  const python = interpreterIn(folder);
  if (existsSync(stamp) && (await readFile(stamp, 'utf8')) === hash) return python;
  console.log(
    `Installing ${peer.name} into .tools/${peer.folder} (about ${peer.megabytes} MB, once) …`,
  );
  try {
    await rm(folder, { recursive: true, force: true });
    await execa(engine, ['-m', 'venv', '--without-pip', folder], pythonStart());
    // The engine's torch and transformers are then the peer's too, to the byte.
    await writeFile(path.join(await packagesOf(python), 'engine.pth'), `${packages}\n`);
    const install = [
      ...['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check'],
      ...['--progress-bar', 'off', '-r', peer.requirements],
    ];
    await execa(python, install, pythonStart({ keepsSecrets: true }));
    await writeFile(stamp, hash);
    return python;
  } catch (error) {
    throw cannotInstall(peer, error);
  }
}

async function packagesOf(python: string): Promise<string> {
  const program = "import sysconfig; print(sysconfig.get_paths()['purelib'])";
  const { stdout } = await execa(python, ['-c', program], pythonStart());
  return stdout.trim();
}

function cannotInstall({ name, megabytes }: Peer, error: unknown): Error {
  const said = error instanceof ExecaError ? error.message : String(error);
  const reason = said.trim().split('\n').slice(-3).join('\n');
  return new Error(
    `${name} cannot be installed, so there is nothing to compare with:\n${reason}\n` +
      `Check that pip reaches a package index and that ${megabytes} MB are free, then run the same command again.`,
    { cause: error },
  );
}
