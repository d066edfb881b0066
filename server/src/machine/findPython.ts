/** Looks for a Python of which an environment for the engine can be made. */
import { ProblemError } from '../../protocol/problem.ts';
import { execa } from 'execa';

import { pythonStart } from '../python/pythonStart.mjs';
import { namedPython, PYTHON_VARIABLE } from './enginePython.ts';

/** The range for which the pinned PyTorch has builds. */
const OLDEST_MINOR = 10;
const NEWEST_MINOR = 14;
const TIMEOUT_MS = 20_000;
const DESCRIBE = 'import sys; print("%d.%d.%d" % sys.version_info[:3]); print(sys.executable)';

export interface Python {
  /** Absolute path. */
  readonly executable: string;
  /** For example 3.11.7. */
  readonly version: string;
}

/** Rejects with ProblemError `no-python`, which says what was found instead. */
export async function findPython(signal: AbortSignal): Promise<Python> {
  const unsuitable: Python[] = [];
  for (const command of candidates()) {
    const python = await describe(command, signal);
    if (python === undefined) continue;
    if (isSuitable(python)) return python;
    unsuitable.push(python);
  }
  const [first] = unsuitable;
  const range = `3.${OLDEST_MINOR} to 3.${NEWEST_MINOR}`;
  throw new ProblemError({
    code: 'no-python',
    message:
      first === undefined
        ? `No Python was found: ${candidates().join(', ')} cannot be started.`
        : `${first.executable} is Python ${first.version}, and the engine needs ${range}.`,
    remedy: `Install Python ${range} (on Debian or Ubuntu, as root: apt install python3 python3-venv), or set ${PYTHON_VARIABLE} to the path of one, then try again.`,
  });
}

function candidates(): string[] {
  const named = namedPython();
  if (named !== undefined) return [named];
  const versions = Array.from(
    { length: NEWEST_MINOR - OLDEST_MINOR + 1 },
    (_, index) => `python3.${NEWEST_MINOR - index}`,
  );
  const launcher = process.platform === 'win32' ? ['py'] : [];
  return ['python3', 'python', ...launcher, ...versions];
}

async function describe(command: string, signal: AbortSignal): Promise<Python | undefined> {
  const { stdout, failed } = await execa(command, ['-c', DESCRIBE], {
    ...pythonStart(),
    reject: false,
    stdin: 'ignore',
    timeout: TIMEOUT_MS,
    cancelSignal: signal,
  });
  signal.throwIfAborted();
  if (failed) return undefined;
  const [version = '', executable = ''] = stdout.trim().split(/\r?\n/);
  return /^\d+\.\d+\.\d+$/.test(version) ? { version, executable } : undefined;
}

function isSuitable({ version }: Python): boolean {
  const [major, minor = 0] = version.split('.').map(Number);
  return major === 3 && minor >= OLDEST_MINOR && minor <= NEWEST_MINOR;
}
