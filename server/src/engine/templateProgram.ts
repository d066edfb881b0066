/** The program that renders templates: a bundle of its own beside this one, or its source. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const isBundle = !import.meta.url.endsWith('.ts');

export const TEMPLATE_PROGRAM = fileURLToPath(
  new URL(isBundle ? 'templateRenderer.mjs' : 'renderTemplate.mjs', import.meta.url),
);

/** What Node may read to load it: the source imports from node_modules. */
export const TEMPLATE_READABLE = isBundle
  ? TEMPLATE_PROGRAM
  : path.resolve(path.dirname(TEMPLATE_PROGRAM), '../../..');
