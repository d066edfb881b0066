/** Opens files in such a way that what was opened is known to be a regular file. */
import { closeSync, constants, fchmodSync, fstatSync, lstatSync, openSync } from 'node:fs';
import path from 'node:path';

import { isPlainFileOfOneName, isPlainFolder, kindOf, notPlain } from './plainFile.ts';

/**
 * Opening a named pipe that has no writer would otherwise wait for ever. Windows knows neither of
 * these flags, which then count as 0; there a look at the name beforehand has to do.
 */
const { O_NOFOLLOW: NO_FOLLOW, O_NONBLOCK: NO_WAIT } = constants;

export type LinkRule =
  /** For names in a run folder: a link there is somebody's trick. */
  | 'refuse'
  /** For files that a user named, and for model folders, where downloads are links into a cache. */
  | 'follow';

/**
 * Opens `file` for reading, at once also where it is a pipe or a device. The caller closes it. Throws
 * ProblemError when it is not a regular file, and the system's error when it cannot be opened.
 */
export function openForReading(file: string, links: LinkRule): number {
  if (links === 'refuse') refuseLink(file);
  const flags = constants.O_RDONLY | NO_WAIT | (links === 'refuse' ? NO_FOLLOW : 0);
  const descriptor = openAtOnce(file, flags);
  const found = fstatSync(descriptor);
  if (found.isFile()) return descriptor;
  closeSync(descriptor);
  throw notPlain(file, kindOf(found), 'a regular file');
}

/**
 * Opens `file` for appending, readable by its owner only, and makes it where it is missing. The
 * caller closes it. Throws like {@link openForReading}; no link is followed, and none to its folder.
 */
export function openForAppending(file: string): number {
  // A link in the place of its folder leads elsewhere as well.
  isPlainFolder(path.dirname(file));
  isPlainFileOfOneName(file);
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | NO_WAIT | NO_FOLLOW;
  const descriptor = openSync(file, flags, 0o600);
  const found = fstatSync(descriptor);
  if (!found.isFile()) {
    closeSync(descriptor);
    throw notPlain(file, kindOf(found), 'a regular file');
  }
  // It may be older than the rule that only its owner reads it.
  fchmodSync(descriptor, 0o600);
  return descriptor;
}

function openAtOnce(file: string, flags: number): number {
  try {
    return openSync(file, flags);
  } catch (error) {
    const isSocket = error instanceof Error && 'code' in error && error.code === 'ENXIO';
    throw isSocket ? notPlain(file, 'a socket or a device', 'a regular file') : error;
  }
}

function refuseLink(file: string): void {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found?.isSymbolicLink() === true) throw notPlain(file, kindOf(found), 'a regular file');
}
