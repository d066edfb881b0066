/** The programs that work with files of a model folder: bundles of their own beside this one, or their sources. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export interface ConfinedProgram {
  readonly file: string;
  /** What Node may read to load it: the source imports from node_modules. */
  readonly readable: string;
}

const isBundle = !import.meta.url.endsWith('.ts');

export const TEMPLATE_PROGRAM = isBundle
  ? bundle('templateRenderer.mjs')
  : source('renderTemplate.mjs');
export const TOKENIZER_PROGRAM = isBundle ? bundle('tokenizer.mjs') : source('tokenizeTexts.mjs');

function bundle(name: string): ConfinedProgram {
  const file = fileURLToPath(new URL(name, import.meta.url));
  return { file, readable: file };
}

function source(name: string): ConfinedProgram {
  const { file } = bundle(name);
  return { file, readable: path.resolve(path.dirname(file), '../../../..') };
}
