/** CPU time and memory of this process and everything it started, read from /proc. */
import { readFileSync } from 'node:fs';
import { relatedProcesses } from '../../test/sandbox/processTable.ts';

/** The kernel counts in these on every Linux that Node runs on. */
const MS_PER_TICK = 10;

/** In no command line, so that only ancestry counts. */
const NO_MARKER = '\0no marker';

/** Process ids of everything this process started that still runs. */
export function startedProcesses(): number[] {
  return relatedProcesses(process.pid, NO_MARKER);
}

/**
 * CPU milliseconds used so far by this process, those it started, and those they started that have
 * ended. A difference of two readings misses a process that ended between them unreaped.
 */
export function cpuMsSoFar(): number {
  const ticks = [process.pid, ...startedProcesses()].map((pid) => {
    try {
      const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
      // utime, stime, cutime, cstime: fields 14 to 17 of proc(5), of which two come before.
      return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    } catch {
      return 0;
    }
  });
  return ticks.reduce((sum, value) => sum + value, 0) * MS_PER_TICK;
}

export interface Memory {
  readonly residentMb: number;
  /** The share of pages that are mapped by several processes counted once; undefined where it may not be read. */
  readonly proportionalMb: number | undefined;
}

/** Memory of processes taken together. */
export function memoryOf(pids: readonly number[]): Memory {
  const resident = pids.map((pid) => kilobytes(pid, 'status', 'VmRSS') ?? 0);
  const proportional = pids.map((pid) => kilobytes(pid, 'smaps_rollup', 'Pss'));
  const readable = proportional.filter((value) => value !== undefined);
  return {
    residentMb: sum(resident) / 1024,
    proportionalMb: readable.length === pids.length ? sum(readable) / 1024 : undefined,
  };
}

function kilobytes(pid: number, file: string, field: string): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/${file}`, 'utf8');
    const found = new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(text)?.[1];
    return found === undefined ? undefined : Number(found);
  } catch {
    return undefined;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
