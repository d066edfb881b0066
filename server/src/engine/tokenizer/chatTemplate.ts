/**
 * The chat template of a model folder. Its text comes with the model, from anybody, and is a program:
 * it is rendered in a process of its own that has little memory, little time, and no rights.
 */
import { ProblemError } from '../../../protocol/problem.ts';
import type { Refusal } from './answerRequests.mjs';
import { ConfinedProcess } from './confinedProcess.ts';
import { TEMPLATE_PROGRAM } from './confinedPrograms.ts';
import type { RenderRequest } from './renderTemplate.mjs';

/** The longest template of a published model that is known here has 20,000 characters. */
const MOST_SOURCE_CHARACTERS = 256 * 1024;
/** Of a rendered prompt: as long as 300,000 tokens. */
const MOST_CHARACTERS = 1024 * 1024;
const LIMIT_MS = 5_000;
const HEAP_MB = 128;
/** Node itself takes a third of it. */
const RESIDENT_MB = 300;

export class ChatTemplate {
  readonly #folder: string;
  readonly #source: string;
  readonly #process = new ConfinedProcess<RenderRequest, { readonly text: string }>({
    program: TEMPLATE_PROGRAM,
    heapMb: HEAP_MB,
    residentMb: RESIDENT_MB,
  });

  /** `folder` is named in messages. Throws ProblemError `chat_template_refused` for an endless text. */
  constructor(source: string, folder: string) {
    this.#source = source;
    this.#folder = folder;
    if (source.length > MOST_SOURCE_CHARACTERS) {
      throw this.#refused({ refusal: `it has more than ${MOST_SOURCE_CHARACTERS} characters` });
    }
  }

  /** Rejects with ProblemError `chat_template_refused` when that takes too much of anything. */
  async render(variables: Readonly<Record<string, unknown>>): Promise<string> {
    const request = { source: this.#source, variables, mostCharacters: MOST_CHARACTERS };
    const answer = await this.#process.ask(request, LIMIT_MS);
    if ('refusal' in answer) throw this.#refused(answer);
    return answer.text;
  }

  /** Ends the process; another rendering starts a new one. */
  close(): void {
    this.#process.close();
  }

  #refused({ refusal }: Refusal): ProblemError {
    return new ProblemError({
      code: 'chat_template_refused',
      message: `The chat template in ${this.#folder} cannot be used: ${refusal}.`,
      remedy:
        'Set "dialect" to "r1", which needs none, or take the template from where the model was published.',
    });
  }
}
