import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';

import { inEnglish, t, useTranslator } from '../../extension/src/localise.ts';
import { BUNDLE, saidTexts } from '../../scripts/l10n.mjs';

test('the bundle for translators has the texts of the code; `npm run l10n` writes it', () => {
  const bundle = JSON.parse(readFileSync(BUNDLE, 'utf8')) as Readonly<Record<string, string>>;

  expect(Object.keys(bundle).toSorted()).toEqual(saidTexts().toSorted());
  expect(Object.keys(bundle).length).toBeGreaterThan(100);
});

test('a text is said in English until a translator is handed over', () => {
  expect(t('step {0}/{1}', 3, 200)).toBe('step 3/200');
  expect(t('{0} and {0}, but not {1}', 'a')).toBe('a and a, but not {1}');

  onTestFinished(() => {
    useTranslator(inEnglish);
  });
  useTranslator((message, ...values) => `${message}|${values.join()}`);
  expect(t('step {0}/{1}', 3, 200)).toBe('step {0}/{1}|3,200');
});
