/** What a model folder says that a server may not: where a completion ends, and how long a text may be. */
import path from 'node:path';

import { readModelFile } from '../files/readFile.ts';

export interface ModelFacts {
  /** Those of generation_config.json and of config.json; empty when neither names one. */
  readonly endTokens: readonly number[];
  /** Undefined when the configuration does not say. */
  readonly contextTokens?: number;
}

interface Configuration {
  readonly eos_token_id?: number | readonly number[] | null;
  readonly max_position_embeddings?: number;
  readonly n_positions?: number;
  /** Of a model that also takes images, where the text's part is described. */
  readonly text_config?: Configuration;
}

export async function readModelFacts(folder: string): Promise<ModelFacts> {
  const model = await readConfiguration(path.join(folder, 'config.json'));
  const generation = await readConfiguration(path.join(folder, 'generation_config.json'));
  const { max_position_embeddings, n_positions } = { ...model, ...model.text_config };
  const contextTokens = max_position_embeddings ?? n_positions;
  return {
    endTokens: [...new Set([generation, model, model.text_config ?? {}].flatMap(endTokensOf))],
    ...(contextTokens !== undefined && { contextTokens }),
  };
}

function endTokensOf({ eos_token_id: named }: Configuration): readonly number[] {
  return typeof named === 'number' ? [named] : (named ?? []);
}

async function readConfiguration(file: string): Promise<Configuration> {
  try {
    return JSON.parse(await readModelFile(file)) as Configuration;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
}
