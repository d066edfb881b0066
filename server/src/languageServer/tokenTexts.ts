/** Texts of single tokens, for the stories of rewards: from the tokenizer of the run's model. */
import type { RunId } from '../../protocol/runs.ts';
import { FolderTokenizer } from '../engine/tokenizer.ts';
import { openModelFolder } from '../runner/modelFolder.ts';
import type { OpenRun } from './openRuns.ts';
import type { TokenTexts } from './rewards/rewardStory.ts';

export interface TokenReader {
  readonly texts: TokenTexts;
  /** Present when tokens are shown by number, with the reason. */
  readonly problem?: string;
}

/** Decodes tokens to a text; {@link FolderTokenizer} does. */
interface Decoder {
  decode(tokens: readonly number[]): string;
}

const KEPT_TOKENIZERS = 4;
/** What a decoder writes for bytes that are only the beginning of a character. */
const INCOMPLETE = '\ufffd';

export class TokenReaders {
  readonly #readers = new Map<RunId, Promise<TokenReader>>();

  /** Never rejects: where there is no tokenizer, tokens are shown by their numbers. */
  of(run: OpenRun): Promise<TokenReader> {
    const known = this.#readers.get(run.id);
    if (known !== undefined) return known;
    const reader = openReader(run.reader.information().settings.model);
    this.#readers.set(run.id, reader);
    const [oldest] = this.#readers.keys();
    if (this.#readers.size > KEPT_TOKENIZERS && oldest !== undefined) this.#readers.delete(oldest);
    return reader;
  }
}

async function openReader(model: string): Promise<TokenReader> {
  try {
    const { folder } = await openModelFolder(model);
    const tokenizer = await FolderTokenizer.load(folder);
    return { texts: (tokens) => tokenTexts(tokenizer, tokens) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      texts: (tokens) => tokens.map(numbered),
      problem: `Tokens are shown by number, because the tokenizer of "${model}" cannot be loaded: ${reason}`,
    };
  }
}

/**
 * The part of the text that each token adds. Tokens are decoded together with the one before,
 * because decoders treat the start of a text in their own way; a token that ends within a character
 * adds nothing, and the one that completes it adds the whole.
 */
export function tokenTexts(decoder: Decoder, tokens: readonly number[]): string[] {
  let contextStart = 0;
  let told = 0;
  return tokens.map((token, index) => {
    const before = decoder.decode(tokens.slice(contextStart, told));
    const after = decoder.decode(tokens.slice(contextStart, index + 1));
    if (after.endsWith(INCOMPLETE) && index + 1 < tokens.length) return '';
    contextStart = told;
    told = index + 1;
    // A special token has no text of its own.
    return after.slice(before.length) || numbered(token);
  });
}

function numbered(token: number): string {
  return `⟨${String(token)}⟩`;
}
