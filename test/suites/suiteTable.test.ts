/** Suites are found by name, and an unknown name is told which there are. */
import { expect, test } from 'vitest';

import { BENCHMARK_SUITES } from '../../server/protocol/evaluation.ts';
import { SUITES, suiteNamed } from '../../server/src/suites/suiteTable.ts';

test.each(SUITES)(
  '$name is found, with a form for instruct models and one for base models',
  (suite) => {
    expect(suiteNamed(suite.name)).toBe(suite);
    expect(suite.templates.map(({ name }) => name)).toEqual(['chat', 'base']);
  },
);

test('those that a viewer knows are those that there are', () => {
  expect(SUITES.map(({ name }) => name)).toEqual(BENCHMARK_SUITES);
});

test('an unknown name lists the known ones', () => {
  const known = 'cruxeval, humaneval, mbpp, gsm8k, reasoning-gym, codeio, file';
  expect(() => suiteNamed('humanevil')).toThrow(
    expect.objectContaining({
      code: 'unknown-suite',
      remedy: expect.stringContaining(known) as unknown,
    }),
  );
  expect(() => suiteNamed('__proto__')).toThrow('There is no suite "__proto__".');
});
