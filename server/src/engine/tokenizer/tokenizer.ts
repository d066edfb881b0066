/**
 * The tokenizer of a Hugging Face model folder, without Python. It comes with the model, from anybody:
 * its regular expressions and replacements are worked in a process of its own, with limits of time
 * and memory.
 */
import { ProblemError } from '../../../protocol/problem.ts';
import path from 'node:path';

import { openModelFile, readSmallFile } from '../../files/readFile.ts';
import type { Refusal } from './answerRequests.mjs';
import { ChatTemplate } from './chatTemplate.ts';
import { TEMPLATE_FILE, templateIn } from './chatTemplateSource.ts';
import { ConfinedProcess } from './confinedProcess.ts';
import { TOKENIZER_PROGRAM } from './confinedPrograms.ts';
import type { SingleRequest, TokenizerRequest } from './tokenizeTexts.mjs';

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

/** Of everything but the tokenizer itself: the longest that is known here has two megabytes. */
const CONFIG_BYTES = 16 * 2 ** 20;
/** Of a vocabulary of 260,000 tokens, on a machine that does much else. */
const LOAD_LIMIT_MS = 30_000;
/** A megabyte of text takes two seconds. */
const LIMIT_MS = 10_000;
/** A vocabulary of 260,000 tokens takes half of it. */
const HEAP_MB = 1_024;
const RESIDENT_MB = 1_536;

/** What one message holds at most, so that it stays well within the limit of time. */
const MESSAGE_REQUESTS = 512;
const MESSAGE_CHARACTERS = 200_000;
const TOKEN_CHARACTERS = 8;

interface SingleAnswer {
  readonly tokens?: number[];
  readonly text?: string;
  readonly texts?: string[];
}

interface Answer extends SingleAnswer {
  readonly answers?: readonly (SingleAnswer | Refusal)[];
}

/** A request that waits for others to share a message with. */
interface Waiting {
  readonly request: SingleRequest;
  readonly settle: (answer: SingleAnswer | Refusal) => void;
  readonly fail: (error: unknown) => void;
}

/** All methods reject with ProblemError `tokenizer_refused` when they take too much time or memory, or fail. */
export class FolderTokenizer {
  readonly #folder: string;
  readonly #process: ConfinedProcess<TokenizerRequest, Answer>;
  #waiting: Waiting[] = [];
  readonly #template: ChatTemplate | undefined;
  readonly #templateVariables: Readonly<Record<string, string>>;

  private constructor(
    folder: string,
    config: Readonly<Record<string, unknown>>,
    template: ChatTemplate | undefined,
  ) {
    this.#folder = folder;
    this.#template = template;
    this.#templateVariables = specialTokens(config);
    this.#process = new ConfinedProcess({
      program: TOKENIZER_PROGRAM,
      heapMb: HEAP_MB,
      residentMb: RESIDENT_MB,
      openInput: () => openDescription(folder),
      first: { request: { kind: 'load', config }, limitMs: LOAD_LIMIT_MS },
    });
  }

  /**
   * Reads tokenizer.json, tokenizer_config.json and, where there is one, chat_template.jinja. The
   * caller closes it. Rejects with ProblemError `tokenizer_not_found` or `tokenizer_refused`.
   */
  static async load(folder: string): Promise<FolderTokenizer> {
    const config = await readConfig(folder);
    const source = (await readText(path.join(folder, TEMPLATE_FILE))) ?? templateIn(config);
    const template = source === undefined ? undefined : new ChatTemplate(source, folder);
    const tokenizer = new FolderTokenizer(folder, config, template);
    const refusal = await tokenizer.#process.open();
    if (refusal !== undefined) throw refused(folder, 'tokenizer.json', refusal);
    return tokenizer;
  }

  /** Tokens of a text, with the special tokens that the tokenizer puts around every text. */
  encode(text: string): Promise<number[]> {
    return this.#encode(text, true);
  }

  /** Tokens of a text that stands in the middle of another one, without special tokens. */
  encodePart(text: string): Promise<number[]> {
    return this.#encode(text, false);
  }

  /** Text of the tokens without special tokens. */
  async decode(tokens: readonly number[]): Promise<string> {
    return (await this.#ask({ kind: 'decode', tokens })).text ?? '';
  }

  /** The text that each of the tokens adds, in one request. */
  async texts(tokens: readonly number[]): Promise<string[]> {
    return (await this.#ask({ kind: 'texts', tokens })).texts ?? [];
  }

  /**
   * The chat template with the generation prompt; undefined when the folder has none. Rejects with
   * ProblemError `chat_template_refused` too, when rendering it takes too much time or memory, or fails.
   */
  async encodeChat(messages: readonly ChatMessage[]): Promise<number[] | undefined> {
    if (this.#template === undefined) return undefined;
    const text = await this.#template.render({
      ...this.#templateVariables,
      messages: messages.map(({ role, content }) => ({ role, content })),
      add_generation_prompt: true,
    });
    // The template writes the special tokens itself.
    return this.#encode(text, false);
  }

  /** The token that tokenizer_config.json says ends a text, `<|im_end|>` for one; undefined when it names none. */
  async endToken(): Promise<number | undefined> {
    const content = this.#templateVariables['eos_token'];
    const tokens = content === undefined ? [] : await this.#encode(content, false);
    return tokens.length === 1 ? tokens[0] : undefined;
  }

  /** Ends the processes that do the work; more work starts new ones. */
  close(): void {
    this.#process.close();
    this.#template?.close();
  }

  async #encode(text: string, addSpecialTokens: boolean): Promise<number[]> {
    return (await this.#ask({ kind: 'encode', text, addSpecialTokens })).tokens ?? [];
  }

  async #ask(request: SingleRequest): Promise<SingleAnswer> {
    const answer = await new Promise<SingleAnswer | Refusal>((settle, fail) => {
      this.#waiting.push({ request, settle, fail });
      // Requests that come before the loop turns share the message.
      if (this.#waiting.length === 1) setImmediate(() => void this.#send());
    });
    if ('refusal' in answer) throw refused(this.#folder, 'tokenizer.json', answer);
    return answer;
  }

  async #send(): Promise<void> {
    const messages = inMessages(this.#waiting);
    this.#waiting = [];
    await Promise.all(
      messages.map(async (waiting) => {
        const requests = waiting.map(({ request }) => request);
        try {
          const answer = await this.#process.ask({ kind: 'many', requests }, LIMIT_MS);
          waiting.forEach(({ settle }, index) => {
            settle('refusal' in answer ? answer : (answer.answers?.[index] ?? {}));
          });
        } catch (error) {
          for (const { fail } of waiting) fail(error);
        }
      }),
    );
  }
}

function inMessages(waiting: readonly Waiting[]): Waiting[][] {
  const messages: Waiting[][] = [];
  let characters = Infinity;
  for (const one of waiting) {
    const { request } = one;
    const own = 'text' in request ? request.text.length : lengthOf(request);
    const last = messages.at(-1);
    if (last?.length === MESSAGE_REQUESTS || characters + own > MESSAGE_CHARACTERS) {
      messages.push([]);
      characters = 0;
    }
    messages.at(-1)!.push(one);
    characters += own;
  }
  return messages;
}

function lengthOf(request: SingleRequest): number {
  return 'tokens' in request ? request.tokens.length * TOKEN_CHARACTERS : 0;
}

function refused(folder: string, file: string, { refusal }: Refusal): ProblemError {
  return new ProblemError({
    code: 'tokenizer_refused',
    message: `The tokenizer ${path.join(folder, file)} cannot be used: ${refusal}.`,
    remedy: 'Take the file from where the model was published, or use another model.',
  });
}

function openDescription(folder: string): number {
  try {
    return openModelFile(path.join(folder, 'tokenizer.json'));
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new ProblemError({
      code: 'tokenizer_not_found',
      message: `${folder} has no readable tokenizer.json.`,
      remedy: 'Name a model folder that has one; transformers writes it with save_pretrained.',
    });
  }
}

/** `bos_token` and the like, which templates name; a token is a string or an object with `content`. */
function specialTokens(config: Readonly<Record<string, unknown>>): Record<string, string> {
  const tokens: Record<string, string> = {};
  for (const name of ['bos_token', 'eos_token', 'pad_token', 'unk_token']) {
    const value = config[name];
    const content =
      typeof value === 'object' && value !== null && 'content' in value ? value.content : value;
    if (typeof content === 'string') tokens[name] = content;
  }
  return tokens;
}

async function readConfig(folder: string): Promise<Record<string, unknown>> {
  const text = (await readText(path.join(folder, 'tokenizer_config.json'))) ?? '{}';
  try {
    const config = JSON.parse(text) as unknown;
    if (typeof config === 'object' && config !== null) return { ...config };
  } catch {
    // Told below.
  }
  throw refused(folder, 'tokenizer_config.json', { refusal: 'it is not an object in JSON' });
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readSmallFile(file, CONFIG_BYTES, 'follow');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
