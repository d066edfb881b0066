import { expect, test } from 'vitest';

import { t } from '../../extension/src/shown/safeText.ts';

test('a text has its values in the places that are numbered for them', () => {
  expect(t('step {0}/{1}', 3, 200)).toBe('step 3/200');
  expect(t('{0} and {0}, but not {1}', 'a')).toBe('a and a, but not {1}');
});
