/**
 * Where runners listen on Unix sockets: in a folder that only this user can enter, under a name that
 * follows from the runner's token. Nobody else can connect, and a `runner.json` from a stranger cannot
 * lead a viewer to any other socket, because it never names a path.
 *
 * `XDG_RUNTIME_DIR` would be the usual place, but it is emptied when its user logs out, and a run goes
 * on then. Neither does the place follow `XDG_DATA_HOME`: VS Code from a snap sets it to another folder
 * with each of its versions, and the window after an update must find the runner of the one before.
 */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, rmSync, type Stats, statSync } from 'node:fs';
import { connect } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';

import { makeFolder } from '../files/makeFolder.ts';
import { homeFolder } from '../files/userCache.ts';

/** Bytes of `sun_path` on macOS, less the closing NUL; Linux has four more. */
const LONGEST_PATH_BYTES = 103;
/** How old the socket of a killed runner is before it goes: one that is only being opened is younger. */
const LEFTOVER_MS = 60_000;
/** Leftovers that are looked at in one go. */
const MAXIMUM_LOOKS = 200;

/** The socket of the runner with `token` in `folder`. Its first part is the machine's. */
export function runnerSocketIn(folder: string, token: string): string {
  return path.join(folder, `${machineTag()}-${tag(token, 20)}.sock`);
}

/** Folders in which a runner of this user may listen, made where needed, the best one first. */
export function runnerSocketFolders(): readonly string[] {
  return candidates().filter((folder) => {
    try {
      makeFolder(folder);
    } catch {
      // A home that is read-only; what is there already is still looked at.
    }
    return isPrivateFolder(folder) && fits(folder);
  });
}

/** The socket of this user's runner with `token`, as a viewer finds it; undefined when there is none. */
export function findRunnerSocket(token: string): string | undefined {
  return candidates()
    .filter((folder) => isPrivateFolder(folder))
    .map((folder) => runnerSocketIn(folder, token))
    .find((file) => isOwnSocket(file));
}

/** Removes from `folder` the sockets of runners of this machine that were killed. Never rejects. */
export async function removeLeftoverSockets(folder: string): Promise<void> {
  const form = new RegExp(`^${machineTag()}-[0-9a-f]{20}\\.sock$`);
  try {
    const names = readdirSync(folder).filter((name) => form.test(name));
    for (const name of names.slice(0, MAXIMUM_LOOKS)) {
      const file = path.join(folder, name);
      if (isOwnSocket(file, LEFTOVER_MS) && !(await hasListener(file))) rmSync(file);
    }
  } catch {
    // Another runner was faster, or the folder went away.
  }
}

function candidates(): readonly string[] {
  const user = process.getuid?.();
  if (user === undefined) return [];
  const home = homeFolder();
  const data = process.platform === 'darwin' ? 'Library/Application Support' : '.local/share';
  const own = home === undefined ? [] : [path.join(home, data, 'azr-studio', 'runners')];
  return [...own, path.join(tmpdir(), `azr-studio-${user}`)];
}

/** A folder, not a link to one, that nobody but this user can enter, read or replace. */
function isPrivateFolder(folder: string): boolean {
  const itself = found(folder, lstatSync);
  // The way to it may lead through a link, as /tmp is one on macOS.
  const parent = found(path.dirname(folder), statSync);
  if (itself?.isDirectory() !== true || parent === undefined) return false;
  const user = process.getuid?.();
  const isOurs = itself.uid === user && (itself.mode & 0o077) === 0;
  // In a folder that others may write, only the sticky bit keeps them from replacing ours.
  const isSticky = (parent.mode & 0o1000) !== 0;
  const isKept = (parent.mode & 0o022) === 0 || isSticky;
  return isOurs && isKept && (parent.uid === user || parent.uid === 0);
}

function fits(folder: string): boolean {
  return Buffer.byteLength(runnerSocketIn(folder, '')) <= LONGEST_PATH_BYTES;
}

function isOwnSocket(file: string, olderThanMs = 0): boolean {
  const socket = found(file, lstatSync);
  return (
    socket?.isSocket() === true &&
    socket.uid === process.getuid?.() &&
    Date.now() - socket.mtimeMs >= olderThanMs
  );
}

function found(file: string, look: (file: string) => Stats): Stats | undefined {
  try {
    return look(file);
  } catch {
    return undefined;
  }
}

/** Only a refusal is certain; a runner that hangs still has a listener. */
function hasListener(file: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path: file });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code !== 'ECONNREFUSED');
    });
  });
}

/** On a home that machines share, each leaves the sockets of the others alone. */
function machineTag(): string {
  return tag(hostname(), 6);
}

function tag(text: string, digits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}
