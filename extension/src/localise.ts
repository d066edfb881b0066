/**
 * Texts for the user. Modules that know nothing of VS Code say them in English; `activate` hands over
 * VS Code's own translator, which looks them up in l10n/bundle.l10n.<language>.json.
 */
export type Translate = (message: string, ...values: (string | number)[]) => string;

let translate: Translate = inEnglish;

export function useTranslator(translator: Translate): void {
  translate = translator;
}

/** `message` in the user's language, its `{0}`, `{1}` … replaced by `values`. */
export function t(message: string, ...values: (string | number)[]): string {
  return translate(message, ...values);
}

export function inEnglish(message: string, ...values: (string | number)[]): string {
  return message.replaceAll(/\{(\d+)\}/g, (placeholder, index: string) =>
    String(values[Number(index)] ?? placeholder),
  );
}
