/** Whether a process that was noted once still is the one that runs under its number. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Ticks per second in /proc/<pid>/stat; the same on every Linux that Node runs on. */
const LINUX_TICKS_PER_SECOND = 100;

/** Clocks are set and rounded; a number is not given to another process within moments. */
const TOLERANCE_MS = 5_000;

/** When this process started, ISO 8601. */
export function ownStart(): string {
  return new Date(performance.timeOrigin).toISOString();
}

/**
 * What became of the process `pid` that started at `startedAt` (ISO 8601) on this machine: `other`
 * when its number seems to belong to another process by now. Only `ended` is certain: a clock that
 * was set in between, as after a virtual machine slept, makes the same process look like another.
 */
export function processStatus(pid: number, startedAt: string): 'running' | 'other' | 'ended' {
  if (!hasProcess(pid)) return 'ended';
  const startedMs = processStartMs(pid);
  if (startedMs === undefined) return 'running';
  if (startedMs === 'ended') return 'ended';
  return Math.abs(startedMs - Date.parse(startedAt)) <= TOLERANCE_MS ? 'running' : 'other';
}

/** Whether there is a process `pid` that this user may signal; of others it is not known whose they are. */
export function isOwnProcess(pid: number): boolean {
  try {
    return Number.isSafeInteger(pid) && pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}

function hasProcess(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is there, but it takes no signals from us.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** `ended` for a process that only waits to be noticed by its parent; undefined when unknown. */
function processStartMs(pid: number): number | 'ended' | undefined {
  try {
    if (process.platform === 'linux') return linuxStartMs(pid);
    if (process.platform === 'darwin') return darwinStartMs(pid);
  } catch {
    // It ended between two looks, or the platform keeps it to itself: its number has to do.
  }
  return undefined;
}

function linuxStartMs(pid: number): number | 'ended' | undefined {
  // The second field is the program's name in parentheses, in which anything may stand.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  if (state === 'Z' || state === 'X') return 'ended';
  const ticks = Number(fields[19]);
  const bootSeconds = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]);
  if (!Number.isFinite(ticks) || !Number.isFinite(bootSeconds)) return undefined;
  return bootSeconds * 1000 + (ticks * 1000) / LINUX_TICKS_PER_SECOND;
}

function darwinStartMs(pid: number): number | 'ended' | undefined {
  const text = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
    timeout: 2_000,
  }).trim();
  const [state = '', ...start] = text.split(/\s+/);
  if (state.startsWith('Z')) return 'ended';
  const startedMs = Date.parse(start.join(' '));
  return Number.isFinite(startedMs) ? startedMs : undefined;
}
