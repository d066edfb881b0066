/** The file that an engine's own messages go to. */
import { closeSync, writeSync } from 'node:fs';
import type { Readable } from 'node:stream';

/**
 * Writes what comes from `output` to the open file `descriptor`, and closes that when `output` ends. What
 * cannot be written is left out: a full disk makes a run wait, and must not end it by way of its log.
 */
export function keepLog(output: Readable, descriptor: number): void {
  output.on('data', (data: Buffer) => {
    try {
      writeSync(descriptor, data);
    } catch {
      // The next message may fit again.
    }
  });
  output.once('close', () => {
    try {
      closeSync(descriptor);
    } catch {
      // Some file systems tell only here that there was no room.
    }
  });
}
