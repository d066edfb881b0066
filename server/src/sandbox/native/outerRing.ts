/**
 * The native engine's outer ring: namespaces of bubblewrap around the fork server. Containers and
 * some distributions forbid them, so whether they work is found by trying, and the inner ring, which
 * every child builds for itself, never counts on them.
 */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { forkServerCommand, type PythonInterpreter } from './pythonInterpreter.ts';

type Command = readonly [file: string, ...argumentList: string[]];
type Environment = Readonly<Record<string, string>>;

export interface OuterRing {
  /** For a person, such as `azr doctor` shows. */
  readonly name: string;
  /** The command, and its whole environment, that run `command` with `environment` inside the ring. */
  wrap(
    command: Command,
    environment: Environment,
  ): { readonly command: Command; readonly environment: Environment };
}

export type OuterRingResult =
  | { readonly ring: OuterRing; readonly reason?: never }
  /** A sentence on why there is none. */
  | { readonly ring: undefined; readonly reason: string };

export const NO_OUTER_RING: OuterRingResult = {
  ring: undefined,
  reason: 'bubblewrap was left out on request.',
};

const PROBE_TIMEOUT_MS = 20_000;
const NOBODY = '65534';

/** What bubblewrap unshares in any case; users come on top of it where root does not drop rights itself. */
const NAMESPACES = ['ipc', 'pid', 'net', 'uts', 'cgroup-try'].map((name) => `--unshare-${name}`);

interface Variety {
  readonly name: string;
  readonly arguments: readonly string[];
}

/**
 * Root keeps its user namespace and only the right to become nobody, which the fork server does: a
 * user of the host without rights is worth more than one of a namespace that is root outside.
 */
const AS_ROOT: Variety = {
  name: 'bubblewrap: process, network, IPC and file namespaces',
  arguments: [
    ...NAMESPACES,
    '--cap-drop',
    'ALL',
    '--cap-add',
    'CAP_SETUID',
    '--cap-add',
    'CAP_SETGID',
  ],
};

function asUser(more: readonly string[]): Variety {
  return {
    name: 'bubblewrap: user, process, network, IPC and file namespaces',
    arguments: [
      ...['--unshare-user', ...NAMESPACES, '--cap-drop', 'ALL', '--uid', NOBODY, '--gid', NOBODY],
      ...more,
    ],
  };
}

/** In order of preference. Bubblewrap before 0.8 cannot forbid further namespaces; the filter does. */
function varieties(): readonly Variety[] {
  const users = [asUser(['--disable-userns']), asUser([])];
  return process.getuid?.() === 0 ? [AS_ROOT, ...users] : users;
}

/**
 * Finds out whether a fork server can live in namespaces, by starting its interpreter in them.
 * @param searchPath where to look for bubblewrap, folders joined as in PATH
 */
export async function openOuterRing(
  python: PythonInterpreter,
  harnessPath: string,
  searchPath = process.env['PATH'] ?? '',
): Promise<OuterRingResult> {
  const command = await findBubblewrap(searchPath);
  if (command === undefined) {
    return { ring: undefined, reason: 'bubblewrap (bwrap) is not installed.' };
  }
  const files = await interpreterFiles(python, harnessPath);
  if (typeof files === 'string') return { ring: undefined, reason: files };
  let reason = '';
  for (const variety of varieties()) {
    const ring = bubblewrap(command, variety, files);
    const complaint = await probe(ring, python);
    if (complaint === undefined) return { ring };
    reason ||= complaint;
  }
  return { ring: undefined, reason: `bubblewrap does not work here: ${reason}` };
}

/** Its full path, since it is started without an environment. */
async function findBubblewrap(searchPath: string): Promise<string | undefined> {
  for (const folder of searchPath.split(path.delimiter).filter((entry) => entry.startsWith('/'))) {
    const file = path.join(folder, 'bwrap');
    const usable = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (usable) return file;
  }
  return undefined;
}

/** Undefined when a Python started in `ring` said what it was asked to say. */
async function probe(ring: OuterRing, python: PythonInterpreter): Promise<string | undefined> {
  const [file, ...argumentList] = forkServerCommand(python, '-c');
  const spawned = ring.wrap([file, ...argumentList, 'print(6 * 7)'], {});
  const [wrapper, ...wrapperArguments] = spawned.command;
  const result = await execa(wrapper, wrapperArguments, {
    env: spawned.environment,
    extendEnv: false,
    cwd: '/',
    reject: false,
    timeout: PROBE_TIMEOUT_MS,
  });
  if (!result.failed && result.stdout === '42') return undefined;
  const [complaint = ''] = result.stderr.split('\n');
  return complaint === '' ? 'it ended without a message.' : complaint;
}

interface InterpreterFiles {
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

/** What a fork server reads from the disk; a sentence where that cannot be found out. */
async function interpreterFiles(
  python: PythonInterpreter,
  harnessPath: string,
): Promise<InterpreterFiles | string> {
  const harness = path.dirname(harnessPath);
  const [file, ...argumentList] = forkServerCommand(
    python,
    path.join(harness, 'interpreter_files.py'),
  );
  const result = await execa(file, argumentList, {
    env: {},
    extendEnv: false,
    cwd: '/',
    reject: false,
    timeout: PROBE_TIMEOUT_MS,
  });
  if (result.failed) return `Python's own files could not be listed: ${result.shortMessage}`;
  const { folders, files } = JSON.parse(result.stdout) as InterpreterFiles;
  return { folders: [...folders, harness], files };
}

function bubblewrap(command: string, variety: Variety, files: InterpreterFiles): OuterRing {
  const readable = [...files.folders, ...files.files].flatMap((file) => ['--ro-bind', file, file]);
  return {
    name: variety.name,
    wrap: (inner, environment) => ({
      command: [
        command,
        ...variety.arguments,
        '--die-with-parent',
        '--clearenv',
        ...Object.entries(environment).flatMap(([name, value]) => ['--setenv', name, value]),
        ...readable,
        // No /proc and no /tmp: there is nothing in either that a program should see.
        ...['--dev-bind', '/dev/null', '/dev/null', '--remount-ro', '/', '--chdir', '/'],
        // No new session: the fork server's owner started one already, and kills it as one group.
        '--',
        ...inner,
      ],
      // Bubblewrap's own environment can be read from inside, whatever it clears for its child.
      environment: {},
    }),
  };
}
