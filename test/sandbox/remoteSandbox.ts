/** A sandbox whose owner is a process of its own, with an environment and a user of its own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type {
  Execution,
  ExecutionLimits,
  SandboxDescription,
} from '../../server/protocol/sandbox.ts';
import { programPath } from '../programs/programs.ts';
import type { EngineOptions } from './engines.ts';

const OWNER = programPath('remoteSandbox');
const SEARCH_PATH = '/usr/local/bin:/usr/bin:/bin';

/** Neither root nor nobody: an account that owns nothing. */
const ORDINARY_USER = '65533';
const BECOME_ORDINARY = [
  'setpriv',
  `--reuid=${ORDINARY_USER}`,
  `--regid=${ORDINARY_USER}`,
  '--clear-groups',
  '--',
];

export interface User {
  readonly name: string;
  readonly prefix: readonly string[];
  /** Where its `python3` is looked for. */
  readonly searchPath: string;
  /** Why nothing can be run as this user here; undefined when it can. */
  readonly missing: string | undefined;
}

/** Root and an ordinary user, as far as whoever runs the tests can be either. */
export function users(): readonly User[] {
  const isRoot = process.getuid?.() === 0;
  const ownPath = process.env['PATH'] ?? SEARCH_PATH;
  return [
    {
      name: 'root',
      prefix: [],
      searchPath: ownPath,
      missing: isRoot ? undefined : 'the tests do not run as root',
    },
    isRoot
      ? {
          name: 'an ordinary user',
          prefix: BECOME_ORDINARY,
          searchPath: SEARCH_PATH,
          missing: ordinaryUserMissing(),
        }
      : { name: 'an ordinary user', prefix: [], searchPath: ownPath, missing: undefined },
  ];
}

function ordinaryUserMissing(): string | undefined {
  const [command = '', ...prefix] = BECOME_ORDINARY;
  const environment = { env: { PATH: SEARCH_PATH } };
  const node = spawnSync(command, [...prefix, process.execPath, '--check', OWNER], environment);
  if (node.status !== 0) return 'setpriv is missing, or that user cannot read Node or this project';
  const python = spawnSync(command, [...prefix, 'python3', '-c', 'pass'], environment);
  return python.status === 0 ? undefined : 'that user finds no python3';
}

export class RemoteSandbox {
  readonly description: SandboxDescription;
  serverPids: readonly number[] = [];
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  private constructor(
    owner: ChildProcess,
    answers: AsyncIterator<string>,
    description: SandboxDescription,
  ) {
    this.#process = owner;
    this.#answers = answers;
    this.description = description;
  }

  /** Starts an owner as `user` and opens the engine named `engine` there. */
  static async open(
    engine: string,
    user: User,
    options: EngineOptions,
    environment: Readonly<Record<string, string>>,
  ): Promise<RemoteSandbox> {
    const [command = '', ...rest] = [
      ...user.prefix,
      ...[process.execPath, OWNER, engine, JSON.stringify(options)],
    ];
    const owner = spawn(command, rest, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { PATH: user.searchPath, ...environment },
    });
    const lines: Interface = createInterface({ input: owner.stdout });
    const answers = lines[Symbol.asyncIterator]();
    const { description } = await nextAnswer(answers);
    if (description === undefined) throw new Error('The owner began with something else.');
    return new RemoteSandbox(owner, answers, description);
  }

  /** The process that owns the sandbox. */
  get ownerPid(): number {
    return this.#process.pid!;
  }

  /** Runs one program; not to be called again before it has resolved. */
  async run(
    program: string,
    input: string,
    limits: Partial<ExecutionLimits> = {},
  ): Promise<Execution> {
    this.#process.stdin!.write(`${JSON.stringify({ program, input, limits })}\n`);
    const { execution, serverPids } = await nextAnswer(this.#answers);
    this.serverPids = serverPids ?? [];
    return execution!;
  }

  async close(): Promise<void> {
    this.#process.stdin!.end();
    if (this.#process.exitCode === null) await once(this.#process, 'exit');
  }
}

interface Answer {
  readonly description?: SandboxDescription;
  readonly execution?: Execution;
  readonly serverPids?: readonly number[];
}

async function nextAnswer(answers: AsyncIterator<string>): Promise<Answer> {
  const answer = await answers.next();
  if (answer.done === true) throw new Error('The owner of the sandbox ended.');
  return JSON.parse(answer.value) as Answer;
}
