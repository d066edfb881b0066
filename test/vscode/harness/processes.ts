/** Which processes belong to a folder: what a test must not leave behind. Linux only. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

export interface RunningProcess {
  readonly processId: number;
  readonly command: string;
}

/** Processes that work in this folder, or name it in their command or environment. */
export function processesMentioning(folder: string): readonly RunningProcess[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const command = textOf(`/proc/${name}/cmdline`).replaceAll('\0', ' ').trim();
      const belongs =
        command.includes(folder) ||
        linkOf(`/proc/${name}/cwd`).startsWith(folder) ||
        textOf(`/proc/${name}/environ`).includes(folder);
      // One that has ended and was not yet collected has no command.
      return belongs && command !== '' ? [{ processId: Number(name), command }] : [];
    });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // It ended in this moment, or is somebody else's.
    return '';
  }
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}
