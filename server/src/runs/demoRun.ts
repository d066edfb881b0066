/** The recorded run that ships with AZR Studio, unpacked where it can be read. */
import { ProblemError } from '../../protocol/problem.ts';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliDecompressSync } from 'node:zlib';

import { makeFolder } from '../files/makeFolder.ts';
import { assetRoot } from '../machine/assets.ts';
import { type RunFolder, runFolderAt } from '../runFolder/runFolder.ts';
import { neededUserData } from '../machine/userData.ts';

/** `npm run demo` records it. */
export function demoArchive(): string {
  return path.join(assetRoot(), 'media', 'demo', 'run.db.br');
}

/** Throws ProblemError `no-run` when the installation is incomplete, ProblemError `no-home`. */
export function demoRun(): RunFolder {
  const archive = demoArchive();
  if (!existsSync(archive)) {
    throw new ProblemError({
      code: 'no-run',
      message: `The recorded run is missing: there is no ${archive}.`,
      remedy: 'Install AZR Studio again.',
    });
  }
  const packed = readFileSync(archive);
  // Named by its size, so that the recording of another version is another folder.
  const folder = path.join(neededUserData(), `demo-${String(packed.length)}`, 'demo');
  const run = runFolderAt(folder);
  if (!existsSync(run.database)) {
    makeFolder(folder);
    const draft = `${run.database}.${String(process.pid)}`;
    writeFileSync(draft, brotliDecompressSync(packed), { mode: 0o600 });
    renameSync(draft, run.database);
  }
  return run;
}
