/**
 * `npm run l10n`: writes l10n/bundle.l10n.json, the texts that translators start from, from the calls
 * `t('…')` and `inOutput('…')` in the extension.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

import { PROJECT_ROOT } from './bootstrap/layout.mjs';

export const BUNDLE = path.join(PROJECT_ROOT, 'l10n', 'bundle.l10n.json');

/** The functions of localise.ts that take a text. */
const SAYING = new Set(['t', 'inOutput']);

/** @returns {string[]} every text that the extension says, once, in alphabetical order */
export function saidTexts() {
  const folder = path.join(PROJECT_ROOT, 'extension', 'src');
  const texts = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => textsIn(path.join(folder, name)));
  return [...new Set(texts)].sort();
}

/** @param {string} file */
function textsIn(file) {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
  /** @type {string[]} */
  const texts = [];
  /** @param {ts.Node} node */
  function visit(node) {
    if (
      ts.isCallExpression(node) &&
      ts.isIdentifier(node.expression) &&
      SAYING.has(node.expression.text)
    ) {
      const [text] = node.arguments;
      if (text === undefined || !ts.isStringLiteral(text)) {
        throw new Error(`${file}: t() takes a text that can be read without running the code.`);
      }
      texts.push(text.text);
    }
    ts.forEachChild(node, visit);
  }
  visit(source);
  return texts;
}

/** @param {readonly string[]} texts */
export function bundleText(texts) {
  return `${JSON.stringify(Object.fromEntries(texts.map((text) => [text, text])), undefined, 2)}\n`;
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(BUNDLE, bundleText(saidTexts()));
}
