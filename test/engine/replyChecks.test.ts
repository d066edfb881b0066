import { expect, test } from 'vitest';

import { numbersIn, sequencesIn } from '../../server/src/engine/tinker/replyChecks.ts';
import { policyDatum, trainingBatches } from '../../server/src/engine/tinker/trainingBatches.ts';

test('numbers of an engine are finite, also where JSON has larger ones', () => {
  const reply = JSON.parse('{"a": [1, -2.5], "b": [1e999], "c": [null]}') as unknown;
  expect(numbersIn(reply, 'a')).toEqual([1, -2.5]);
  for (const name of ['b', 'c', 'd']) {
    expect(() => numbersIn(reply, name)).toThrow(
      expect.objectContaining({ code: 'engine_protocol' }),
    );
  }
  const sequence = '{"tokens": [1], "logprobs": [-1e999], "stop_reason": "stop"}';
  const sampled = JSON.parse(`{"sequences": [${sequence}]}`) as unknown;
  expect(() => sequencesIn(sampled, 'sequences')).toThrow('not a finite number');
});

test('what has no prompt cannot be trained on, and says so', () => {
  const datum = { promptTokens: [], completionTokens: [1], logProbabilities: [0], advantages: [1] };
  expect(() => trainingBatches([datum], policyDatum)).toThrow('has no prompt');
});
