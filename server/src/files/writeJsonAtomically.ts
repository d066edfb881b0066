import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Writes `value` as JSON for its owner only. A reader sees the old file or the new one, whole; a link
 * that has the name of `file` is replaced, not followed.
 * @param indentation spaces per level, for files that people read
 */
export function writeJsonAtomically(file: string, value: object, indentation?: number): void {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    const text = `${JSON.stringify(value, undefined, indentation)}\n`;
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
