/**
 * Whether a run is being worked on, told from the files alone: it decides whether a new window starts
 * the server before anybody looks. The server then finds out the rest.
 */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** `folders` are those that keep runs in a folder `runs`. A runner names itself in `runner.json`. */
export async function hasLiveRunner(folders: readonly string[]): Promise<boolean> {
  const found = await Promise.all(folders.map(hasRunnerBelow));
  return found.includes(true);
}

async function hasRunnerBelow(folder: string): Promise<boolean> {
  const runs = path.join(folder, 'runs');
  // No folder, or none that may be read, holds no runs for this window.
  const names = await readdir(runs).catch((): string[] => []);
  const found = await Promise.all(
    names.map((name) =>
      readFile(path.join(runs, name, 'runner.json'), 'utf8').then(isProcessAlive, () => false),
    ),
  );
  return found.includes(true);
}

/** The file may outlive a runner that was killed. */
function isProcessAlive(address: string): boolean {
  try {
    const { pid } = JSON.parse(address) as { readonly pid?: unknown };
    return Number.isSafeInteger(pid) && process.kill(Number(pid), 0);
  } catch {
    // Half-written, or no such process.
    return false;
  }
}
