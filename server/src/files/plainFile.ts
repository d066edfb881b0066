/**
 * Looks at a name before anything is read from it or written to it. A run folder may come from a
 * stranger, who can put a link to one of your files under any name that this program is about to
 * write, or a device that never ends under one that it is about to read.
 */
import { ProblemError } from '../../protocol/problem.ts';
import { lstatSync, type Stats } from 'node:fs';

/** False when nothing has this name. Throws ProblemError when it is anything but a regular file. */
export function isPlainFile(file: string): boolean {
  const found = lookAt(file);
  if (found === undefined) return false;
  if (!found.isFile()) throw notPlain(file, kindOf(found), 'a regular file');
  return true;
}

/**
 * The same for a file that is written in place. A second name of it (a hard link) may be a file of
 * another run, or one that has nothing to do with runs, and would change with it.
 */
export function isPlainFileOfOneName(file: string): boolean {
  if (!isPlainFile(file)) return false;
  if (lstatSync(file).nlink > 1) {
    throw new ProblemError({
      code: 'not-a-plain-file',
      message: `${file} is a hard link: the same file has another name elsewhere, which would be changed too.`,
      remedy: 'Copy the run folder with all its files, and use the copy.',
    });
  }
  return true;
}

/** False when nothing has this name. Throws ProblemError when it is anything but a folder. */
export function isPlainFolder(folder: string): boolean {
  const found = lookAt(folder);
  if (found === undefined) return false;
  if (!found.isDirectory()) throw notPlain(folder, kindOf(found), 'a folder');
  return true;
}

function lookAt(place: string): Stats | undefined {
  try {
    return lstatSync(place, { throwIfNoEntry: false });
  } catch (error) {
    // A part of the way to it is a file.
    if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** The error for `place`, which is `found` where `wanted` is needed. */
export function notPlain(place: string, found: string, wanted: string): ProblemError {
  return new ProblemError({
    code: 'not-a-plain-file',
    message: `${place} is ${found}, not ${wanted}, so it is left alone.`,
    remedy: `Do not use this folder if it came from somebody else. If you made ${place} yourself, put ${wanted} in its place.`,
  });
}

/** What is found at a name, in words. */
export function kindOf(found: Stats): string {
  if (found.isSymbolicLink()) return 'a symbolic link';
  if (found.isDirectory()) return 'a folder';
  if (found.isFile()) return 'a file';
  if (found.isFIFO()) return 'a named pipe';
  if (found.isSocket()) return 'a socket';
  return 'a device';
}
