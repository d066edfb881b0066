/** Reads the small JSON files that this product leaves for itself, in a run folder or elsewhere. */
import { readSmallFileSync } from './readFile.ts';

/** Many times what any of them holds. */
const LONGEST_NOTE_BYTES = 2 ** 20;

/** What stands in `file`; undefined when there is none, or none that can be read. */
export function readNote(file: string): unknown {
  try {
    return JSON.parse(readSmallFileSync(file, LONGEST_NOTE_BYTES, 'refuse'));
  } catch {
    return undefined;
  }
}
