/** The tokenizer of a Hugging Face model folder, without Python. */
import path from 'node:path';

import { Tokenizer } from '@huggingface/tokenizers';

import { readModelFile } from '../files/readFile.ts';
import { ChatTemplate } from './chatTemplate.ts';
import { EngineError } from './engineError.ts';

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

/**
 * What is used of the library. Its own declarations import files without extensions, which strict
 * module resolution does not follow.
 */
interface LoadedTokenizer {
  encode(text: string, options?: { add_special_tokens: boolean }): { ids: number[] };
  decode(tokens: number[], options: { skip_special_tokens: boolean }): string;
}

const TokenizerOfFiles = Tokenizer as unknown as new (
  description: object,
  config: object,
) => LoadedTokenizer;

export class FolderTokenizer {
  readonly #tokenizer: LoadedTokenizer;
  readonly #template: ChatTemplate | undefined;
  readonly #templateVariables: Readonly<Record<string, string>>;

  private constructor(
    tokenizer: LoadedTokenizer,
    template: ChatTemplate | undefined,
    variables: Readonly<Record<string, string>>,
  ) {
    this.#tokenizer = tokenizer;
    this.#template = template;
    this.#templateVariables = variables;
  }

  /** Reads tokenizer.json, tokenizer_config.json and, where there is one, chat_template.jinja. */
  static async load(folder: string): Promise<FolderTokenizer> {
    const description = await readObject(path.join(folder, 'tokenizer.json'));
    if (description === undefined) {
      throw new EngineError(
        'tokenizer_not_found',
        `${folder} has no readable tokenizer.json.`,
        'Name a model folder that has one; transformers writes it with save_pretrained.',
      );
    }
    const config = (await readObject(path.join(folder, 'tokenizer_config.json'))) ?? {};
    const source =
      (await readText(path.join(folder, 'chat_template.jinja'))) ?? config['chat_template'];
    return new FolderTokenizer(
      new TokenizerOfFiles(description, config),
      typeof source === 'string' ? new ChatTemplate(source, folder) : undefined,
      specialTokens(config),
    );
  }

  /** Tokens of a text, with the special tokens that the tokenizer puts around every text. */
  encode(text: string): number[] {
    return this.#tokenizer.encode(text).ids;
  }

  /** Text of the tokens without special tokens. */
  decode(tokens: readonly number[]): string {
    if (tokens.length === 0) return '';
    return this.#tokenizer.decode([...tokens], { skip_special_tokens: true });
  }

  /**
   * The chat template with the generation prompt; undefined when the folder has none. Rejects with
   * EngineError `chat_template_refused` when rendering it takes too much time or memory, or fails.
   */
  async encodeChat(messages: readonly ChatMessage[]): Promise<number[] | undefined> {
    if (this.#template === undefined) return undefined;
    const text = await this.#template.render({
      ...this.#templateVariables,
      messages: messages.map(({ role, content }) => ({ role, content })),
      add_generation_prompt: true,
    });
    // The template writes the special tokens itself.
    return this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
  }

  /** Ends what renders the chat template. */
  close(): void {
    this.#template?.close();
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

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readModelFile(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readObject(file: string): Promise<Record<string, unknown> | undefined> {
  const text = await readText(file);
  return text === undefined ? undefined : (JSON.parse(text) as Record<string, unknown>);
}
