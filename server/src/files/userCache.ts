/** The user's cache: what can be made again at any time, kept so that it need not be. */
import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';

import { makeFolder } from './makeFolder.ts';

/** What other versions keep beside ours, or left half-written, goes after so long. */
const KEPT_MS = 30 * 24 * 3_600_000;

/** The folder for one kind of thing; undefined for a user without a home. */
export function userCache(kind: string): string | undefined {
  const { env, platform } = process;
  const home = homeFolder();
  if (home === undefined) return undefined;
  if (platform === 'win32') {
    const local = env['LOCALAPPDATA'] ?? path.join(home, 'AppData', 'Local');
    return path.join(local, 'AZR Studio', 'cache', kind);
  }
  if (platform === 'darwin') return path.join(home, 'Library', 'Caches', 'AZR Studio', kind);
  const cache = env['XDG_CACHE_HOME'];
  const root = cache === undefined || cache === '' ? path.join(home, '.cache') : cache;
  return path.join(root, 'azr-studio', kind);
}

/**
 * Writes `file` at once, for this user alone, and deletes what is old beside it. Never throws: with
 * a read-only home or a full disk the thing is made again the next time.
 */
export async function keepInCache(file: string, content: string | Uint8Array): Promise<void> {
  const folder = path.dirname(file);
  const fresh = `${file}.${process.pid}`;
  try {
    makeFolder(folder);
    await writeFile(fresh, content, { mode: 0o600 });
    await rename(fresh, file);
    for (const name of await readdir(folder)) {
      const other = path.join(folder, name);
      const { mtimeMs } = await stat(other);
      if (other !== file && Date.now() - mtimeMs > KEPT_MS) await rm(other, { force: true });
    }
  } catch {
    await rm(fresh, { force: true }).catch(() => undefined);
  }
}

/** Where this user's own folders are; undefined for a user without a home. */
export function homeFolder(): string | undefined {
  try {
    const home = homedir();
    return path.isAbsolute(home) ? home : undefined;
  } catch {
    // A user that the system does not know, such as in a container.
    return undefined;
  }
}
