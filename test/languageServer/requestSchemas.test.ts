import { ProblemError } from '../../server/protocol/problem.ts';
import { describe, expect, it } from 'vitest';

import { PAGE_REQUESTS } from '../../server/protocol/webviewMessages.ts';
import { checkParameters } from '../../server/src/languageServer/requests/requestSchemas.ts';
import { mutated, randomSource } from '../randomJson.ts';
import { GOOD } from './sampleRequests.ts';

describe('parameters of requests that a page may make', () => {
  it.each(PAGE_REQUESTS)('%s passes when it is right', (name) => {
    expect(checkParameters(name, GOOD[name])).toEqual(GOOD[name]);
  });

  it.each(PAGE_REQUESTS)('%s refuses what it does not know', (name) => {
    expect(() => checkParameters(name, { ...GOOD[name], more: 1 })).toThrow(ProblemError);
  });

  it.each(PAGE_REQUESTS)('%s refuses values of another type', (name) => {
    for (const key of Object.keys(GOOD[name])) {
      for (const wrong of [null, -1.5, [[]]]) {
        expect(() => checkParameters(name, { ...GOOD[name], [key]: wrong })).toThrow(ProblemError);
      }
    }
  });

  it.each([
    ['azr/steps', { ...GOOD['azr/steps'], limit: 201 }, '"limit" must be <= 200'],
    [
      'azr/curriculum',
      { ...GOOD['azr/curriculum'], stretches: 1001 },
      '"stretches" must be <= 1000',
    ],
    ['azr/table', { ...GOOD['azr/table'], sort: 'solveRate' }, '"sort"'],
    ['azr/metrics', {}, "must have required property 'runId'"],
    ['azr/metrics', [], 'must be object'],
  ] as const)('%s says what is wrong', (name, parameters, message) => {
    expect(() => checkParameters(name, parameters)).toThrow(message);
  });

  it.each(PAGE_REQUESTS)(
    '%s passes or refuses whatever comes, and never fails otherwise',
    (name) => {
      const random = randomSource(17);
      let refused = 0;
      for (let round = 0; round < 300; round += 1) {
        const parameters = mutated(GOOD[name], random);
        try {
          checkParameters(name, parameters);
        } catch (error) {
          expect(error).toBeInstanceOf(ProblemError);
          refused += 1;
        }
      }
      expect(refused).toBeGreaterThan(0);
    },
  );
});
