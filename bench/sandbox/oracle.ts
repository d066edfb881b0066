/** Plain CPython, outside any jail of this project but inside namespaces, as the judge of its verdicts. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Execution } from '../../server/protocol/sandbox.ts';

const SCRIPT = fileURLToPath(new URL('plainPython.py', import.meta.url));

/** The file system as it is, but read-only, and no other process, network or secret in the environment. */
const NAMESPACES = [
  ...['--unshare-all', '--die-with-parent', '--clearenv', '--ro-bind', '/', '/', '--dev', '/dev'],
  ...['--tmpfs', '/tmp', '--ro-bind', SCRIPT, '/tmp/plainPython.py', '--chdir', '/'],
  // The hash seed of the sandbox's first worker: what depends on it, and was not noticed, is not a defect.
  ...['--setenv', 'PYTHONHASHSEED', '1'],
];

export interface Question {
  readonly program: string;
  readonly inputs: readonly string[];
  /** What the sandbox made of each input. */
  readonly claims: readonly Pick<Execution, 'outcome' | 'output' | 'exceptionType'>[];
  /** Output, answer, and whether the grader called it correct. */
  readonly answers: readonly (readonly [output: string, answer: string, scored: boolean])[];
}

/** A kind, and texts that tell what is contradicted. */
export type Contradiction = readonly string[];

export class Oracle {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(process: ChildProcess, lines: AsyncIterator<string>) {
    this.#process = process;
    this.#lines = lines;
  }

  /**
   * Starts one; throws where bubblewrap does not work, since programs that nobody has read are not run
   * without it.
   */
  static async open(python: string): Promise<Oracle> {
    const plain = [python, '-s', '-S', '-B', '/tmp/plainPython.py'];
    const child = spawn('bwrap', [...NAMESPACES, '--', ...plain], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    // Where bubblewrap is not installed there is no process, and this says so.
    await once(child, 'spawn');
    // Where it fails, that nobody reads is told by the end of what it writes.
    child.stdin.on('error', () => undefined);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const oracle = new Oracle(child, lines);
    await oracle.ask({
      program: 'def f(x): return x',
      inputs: ['1'],
      claims: [CLAIM],
      answers: [],
    });
    return oracle;
  }

  /** What plain CPython contradicts; one question at a time. */
  async ask(question: Question): Promise<readonly Contradiction[]> {
    this.#process.stdin!.write(`${JSON.stringify(question)}\n`);
    const line = await this.#lines.next();
    if (line.done === true) throw new Error('Plain Python ended; bubblewrap may not work here.');
    return JSON.parse(line.value) as Contradiction[];
  }

  async close(): Promise<void> {
    this.#process.stdin!.end();
    if (this.#process.exitCode === null) await once(this.#process, 'exit');
  }
}

const CLAIM = { outcome: 'ok', output: '1' } as const;
