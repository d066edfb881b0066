/**
 * The chat template of a model folder. Its text comes with the model, from anybody, and is a program:
 * it is rendered in a process of its own that has little memory, little time, and no rights.
 */
import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';

import { EngineError } from './engineError.ts';
import type { RenderAnswer, RenderRequest } from './renderTemplate.mjs';
import { TEMPLATE_PROGRAM, TEMPLATE_READABLE } from './templateProgram.ts';

/** The longest template of a published model that is known here has 20,000 characters. */
const MOST_SOURCE_CHARACTERS = 256 * 1024;
/** Of a rendered prompt: as long as 300,000 tokens. */
const MOST_CHARACTERS = 1024 * 1024;
const LIMIT_MS = 5_000;
/** The process keeps the limit itself; this is for one that cannot, and covers its start. */
const SILENCE_MS = 30_000;
const HEAP_MB = 128;

const NODE_OPTIONS = [
  '--permission',
  `--allow-fs-read=${TEMPLATE_READABLE}`,
  `--max-old-space-size=${HEAP_MB}`,
  '--disallow-code-generation-from-strings',
  '--no-warnings',
];

export class ChatTemplate {
  readonly #folder: string;
  readonly #source: string;
  #process: ChildProcess | undefined;
  /** One rendering at a time: the process answers in no other order. */
  #last: Promise<unknown> = Promise.resolve();

  /** `folder` is named in messages. Throws EngineError `chat_template_refused` for an endless text. */
  constructor(source: string, folder: string) {
    this.#source = source;
    this.#folder = folder;
    if (source.length > MOST_SOURCE_CHARACTERS) {
      throw this.#refused(`it has more than ${MOST_SOURCE_CHARACTERS} characters`);
    }
  }

  /** Rejects with EngineError `chat_template_refused` when that takes too much of anything. */
  render(variables: Readonly<Record<string, unknown>>): Promise<string> {
    const rendering = this.#last.then(() => this.#render(variables));
    this.#last = rendering.catch(() => undefined);
    return rendering;
  }

  /** Ends the process; another rendering starts a new one. */
  close(): void {
    this.#process?.kill('SIGKILL');
    this.#process = undefined;
  }

  async #render(variables: Readonly<Record<string, unknown>>): Promise<string> {
    const answer = await this.#ask({
      source: this.#source,
      variables,
      limitMs: LIMIT_MS,
      mostCharacters: MOST_CHARACTERS,
    });
    if ('text' in answer) return answer.text;
    throw this.#refused(answer.refusal);
  }

  #ask(request: RenderRequest): Promise<RenderAnswer> {
    // One that the system ended in the meantime is replaced.
    const child = this.#process?.connected === true ? this.#process : startRenderer();
    this.#process = child;
    return new Promise((resolve) => {
      const settle = (answer: RenderAnswer): void => {
        clearTimeout(timer);
        child.removeAllListeners();
        // Sending to a process that has just ended is answered by its end.
        child.on('error', () => undefined);
        resolve(answer);
      };
      const end = (refusal: string): void => {
        this.close();
        settle({ refusal });
      };
      const timer = setTimeout(() => {
        end(`it was not rendered within ${SILENCE_MS / 1000} s`);
      }, SILENCE_MS);
      child.on('message', (answer) => {
        settle(answer as RenderAnswer);
      });
      child.on('exit', () => {
        end(`it takes more than ${HEAP_MB} MB of memory`);
      });
      child.on('error', (error) => {
        end(`the process that renders it does not work: ${error.message}`);
      });
      child.send(request, () => undefined);
    });
  }

  #refused(reason: string): EngineError {
    return new EngineError(
      'chat_template_refused',
      `The chat template in ${this.#folder} cannot be used: ${reason}.`,
      'Set "dialect" to "r1", which needs none, or take the template from where the model was published.',
    );
  }
}

function startRenderer(): ChildProcess {
  const child = fork(TEMPLATE_PROGRAM, {
    execArgv: NODE_OPTIONS,
    // Inside VS Code the executable is Electron, which is Node only when this says so.
    env: process.versions['electron'] === undefined ? {} : { ELECTRON_RUN_AS_NODE: '1' },
    cwd: path.parse(TEMPLATE_PROGRAM).root,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    // A group of its own: a terminal's interrupt passes it by. It ends with its owner all the same.
    detached: process.platform !== 'win32',
  });
  // Nobody waits for it but a rendering, which has a timer.
  child.unref();
  child.channel?.unref();
  return child;
}
