import { expect, test } from 'vitest';

import { keepLoopbackDirect } from '../../server/src/engine/directLoopback.ts';

const LOOPBACK = 'localhost,127.0.0.1,[::1]';

test('this machine is excepted from a proxy, beside what was excepted already', () => {
  const cases: [NodeJS.ProcessEnv, NodeJS.ProcessEnv][] = [
    [{}, { no_proxy: LOOPBACK, NO_PROXY: LOOPBACK }],
    [{ NO_PROXY: 'a.org' }, { no_proxy: `a.org,${LOOPBACK}`, NO_PROXY: `a.org,${LOOPBACK}` }],
    [
      { no_proxy: 'b.org', NO_PROXY: '' },
      { no_proxy: `b.org,${LOOPBACK}`, NO_PROXY: LOOPBACK },
    ],
  ];
  for (const [environment, expected] of cases) {
    keepLoopbackDirect(environment);
    expect(environment).toEqual(expected);
  }
});
