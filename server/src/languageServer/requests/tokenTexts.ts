/** Texts of single tokens, for the stories of rewards: from the tokenizer of the run's model. */
import type { RunId } from '../../../protocol/runs.ts';
import { FolderTokenizer } from '../../engine/tokenizer/tokenizer.ts';
import { numberedToken } from '../../engine/tokenizer/tokenTexts.mjs';
import { openModelFolder } from '../../machine/models/modelFolder.ts';
import type { OpenRun } from '../openRuns.ts';

interface TokenTexts {
  /** One for each token. */
  readonly texts: readonly string[];
  /** Present when tokens are shown by number, with the reason. */
  readonly problem?: string;
}

const KEPT_TOKENIZERS = 4;

export class TokenReaders {
  readonly #tokenizers = new Map<RunId, Promise<FolderTokenizer>>();

  /** Never rejects: where the tokenizer is not there or refused, tokens are shown by their numbers. */
  async textsOf(run: OpenRun, tokens: readonly number[]): Promise<TokenTexts> {
    const { model } = run.reader.information().settings;
    try {
      const tokenizer = await this.#of(run.id, model);
      return { texts: await tokenizer.texts(tokens) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return {
        texts: tokens.map(numberedToken),
        problem: `Tokens are shown by number, because the tokenizer of "${model}" cannot be used: ${reason}`,
      };
    }
  }

  /** One that could not be loaded is remembered too: it may have taken half a minute. */
  #of(id: RunId, model: string): Promise<FolderTokenizer> {
    const known = this.#tokenizers.get(id);
    if (known !== undefined) return known;
    const opening = openModelFolder(model).then(({ folder }) => FolderTokenizer.load(folder));
    this.#tokenizers.set(id, opening);
    const [oldest] = this.#tokenizers;
    if (this.#tokenizers.size > KEPT_TOKENIZERS && oldest !== undefined) {
      this.#tokenizers.delete(oldest[0]);
      oldest[1].then(
        (tokenizer) => {
          tokenizer.close();
        },
        () => undefined,
      );
    }
    return opening;
  }
}
