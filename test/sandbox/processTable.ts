/** What the system says of processes, read from /proc. */
import { readdirSync, readFileSync } from 'node:fs';

interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly commandLine: string;
}

/** Every process there is; one that ends meanwhile is left out. */
function processTable(): ProcessEntry[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      const status = readFileSync(`/proc/${entry}/stat`, 'utf8');
      // The name, in parentheses, may hold anything; state and parent follow it.
      const parent = Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[1]);
      const commandLine = readFileSync(`/proc/${entry}/cmdline`, 'utf8');
      return [{ pid: Number(entry), parent, commandLine }];
    } catch {
      return [];
    }
  });
}

/** Process ids of all descendants of `ancestor`, and of whatever else names `marker` in its command. */
export function relatedProcesses(ancestor: number, marker: string): number[] {
  const table = processTable();
  const related = new Set(
    table.filter(({ commandLine }) => commandLine.includes(marker)).map(({ pid }) => pid),
  );
  related.add(ancestor);
  for (let before = -1; before !== related.size;) {
    before = related.size;
    for (const { pid, parent } of table) if (related.has(parent)) related.add(pid);
  }
  related.delete(ancestor);
  return [...related].sort((left, right) => left - right);
}

/** Resident memory of a process, in bytes. */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

/** The environment a process was started with, or undefined where it cannot be read. */
export function environmentOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return undefined;
  }
}
