/** The folder of scratch files. A file that somebody edited is never written again. */
import { ProblemError } from '../../../protocol/problem.ts';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import type { DocumentAddress } from '../../../protocol/documents.ts';
import { SCRATCH_SUFFIX } from '../../../protocol/languageMessages.ts';
import { DIGEST_PREFIX } from './scratchText.ts';

/** So many files of one name are enough; a run whose rows got new numbers makes a second one. */
const MAXIMUM_FILES = 1000;

export class ScratchFolder {
  readonly #folder: string;

  /** @param storageFolder the extension's own folder; the scratch folder is made in it */
  constructor(storageFolder: string) {
    this.#folder = path.join(storageFolder, 'scratch');
  }

  /**
   * The path of a scratch file for the document at `address`: the one that was made of the same text
   * before, edited or not, or else a new one that holds `text`.
   */
  async write({ runId, kind, id }: DocumentAddress, text: string): Promise<string> {
    const base = `${runId.replaceAll(/[^\w.-]+/g, '_')}-${kind}-${String(id)}`;
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      for (let number = 1; number <= MAXIMUM_FILES; number += 1) {
        const name = number === 1 ? base : `${base}-${String(number)}`;
        const file = path.join(this.#folder, `${name}${SCRATCH_SUFFIX}`);
        if (await isNewlyWritten(file, text)) return file;
        if (digestIn(await readFile(file, 'utf8')) === digestIn(text)) return file;
      }
    } catch (error) {
      throw cannotWrite(this.#folder, error instanceof Error ? error.message : String(error));
    }
    throw cannotWrite(this.#folder, `there are ${String(MAXIMUM_FILES)} files for ${base}`);
  }
}

async function isNewlyWritten(file: string, text: string): Promise<boolean> {
  try {
    await writeFile(file, text, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function digestIn(text: string): string | undefined {
  return text.split('\n').find((line) => line.startsWith(DIGEST_PREFIX));
}

function cannotWrite(folder: string, reason: string): ProblemError {
  return new ProblemError({
    code: 'cannot-write',
    message: `No scratch file could be written in ${folder}: ${reason}.`,
    remedy: 'Make space on the disk, or remove old scratch files.',
  });
}
