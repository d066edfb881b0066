/** Where a program stands on PATH, without starting it; relative entries of PATH do not count. */
import { existsSync } from 'node:fs';
import path from 'node:path';

/**
 * @param {string} program Its name without an ending.
 * @returns {string | undefined}
 */
export function findOnPath(program) {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd'] : [''];
  return (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
    .flatMap((folder) => endings.map((ending) => path.join(folder, program + ending)))
    .find((file) => existsSync(file));
}
