/**
 * Texts for the user. Modules that know nothing of VS Code say them in English; `activate` hands over
 * VS Code's own translator, which looks them up in l10n/bundle.l10n.<language>.json.
 */
import { withoutMarkup } from '../../server/protocol/foreignText.ts';
import { visibleText } from '../../server/protocol/visibleText.ts';
import { foreignText, type SafeText } from './shown/safeText.ts';

export type Translate = (message: string, ...values: (string | number)[]) => string;

let translate: Translate = inEnglish;

export function useTranslator(translator: Translate): void {
  translate = translator;
}

/**
 * `message` in the user's language, its `{0}`, `{1}` … replaced by `values`, whoever wrote those. The
 * whole is looked through once more: a link may be made of the end of one value and the start of the next.
 */
export function t(message: string, ...values: (string | number)[]): SafeText {
  return withoutMarkup(translate(message, ...values.map(foreignText))) as SafeText;
}

/**
 * The same for an output channel, which shows a text as what it is: nothing is taken for markup there, and
 * values stay whole.
 */
export function inOutput(message: string, ...values: (string | number)[]): string {
  return visibleText(translate(message, ...values));
}

export function inEnglish(message: string, ...values: (string | number)[]): string {
  return message.replaceAll(/\{(\d+)\}/g, (placeholder, index: string) =>
    String(values[Number(index)] ?? placeholder),
  );
}
