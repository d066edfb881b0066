/** Files and folders that only this user may read, also where somebody's umask or an older version was laxer. */
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';

/** @param {string} folder */
export function makePrivateFolder(folder) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
}

/**
 * Replaces the file, so that nobody who has it open sees the new text.
 * @param {string} file
 * @param {string} text
 */
export function writePrivateFile(file, text) {
  rmSync(file, { force: true });
  writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
}
