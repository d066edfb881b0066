/** How the engine's numbers are told, and what of a server's refusal is. */
import { describe, expect, test } from 'vitest';

import { ProblemError } from '../../server/protocol/problem.ts';
import {
  describeNeeds,
  explainRefusal,
  type MemoryNeeds,
  remedyFor,
} from '../../server/src/engine/memoryNeeds.ts';

const MIB = 2 ** 20;
const needs: MemoryNeeds = {
  ...{ device: 'cpu', parameters: 3e8, wanted_mb: 9312, usable_mb: 800, fits: false },
  parts: {
    ...{ weights: 1200 * MIB, gradients: 600 * MIB, optimizer: 1200 * MIB, activations: 5.5 * MIB },
    ...{ logits: 2048 * MIB, cache: 9, overhead: 700 * MIB },
  },
  plan: { micro_batch_tokens: 512, recompute_layers: true, cache_tokens: 1024 },
  ways: [{ trainable: 'lora' }, { tokens: 64 }],
};

test('what it takes, of how much, and how the engine would work', () => {
  expect(describeNeeds(needs)).toBe(
    'at most 9.1 GiB of 800 MiB usable (weights 1.2 GiB, gradients 600 MiB, optimizer 1.2 GiB, ' +
      'activations 6 MiB, logits 2.0 GiB, cache 1 MiB, overhead 700 MiB); ' +
      'micro-batches of 512 tokens, layers computed twice, 1024 tokens cached',
  );
});

test('three ways, as settings; the last ones always help', () => {
  const smaller = 'set "model" to a smaller one, such as "azr-nano"';
  const elsewhere = 'set "engineUrl" to an engine on a machine with more memory';
  const tokens =
    'set "maximumPromptTokens", "maximumProposalTokens" and "maximumAnswerTokens" to at most 64';
  const start = 'One of these makes it fit: ';
  expect(remedyFor(needs)).toBe(`${start}set "trainable" to "lora"; ${tokens}; ${smaller}.`);
  expect(remedyFor({ ...needs, ways: [{ lora_rank: 4 }] })).toBe(
    `${start}set "loraRank" to 4; ${smaller}; ${elsewhere}.`,
  );
  expect(remedyFor({ ...needs, ways: [] })).toBe(`${start}${smaller}; ${elsewhere}.`);
});

describe('a refusal', () => {
  const said = { code: 'does_not_fit', message: 'Too large.', remedy: 'Ask for less.' };
  const refusal = (cause: unknown): ProblemError => ProblemError.of(said, { cause });

  test('with the numbers is told in the words of the settings', () => {
    expect(explainRefusal(refusal(JSON.parse(JSON.stringify(needs))))).toMatchObject({
      code: 'does_not_fit',
      message: `The run does not fit the memory of the engine's CPU: it would take ${describeNeeds(needs)}.`,
      remedy: remedyFor(needs),
    });
  });

  test.each([
    ['nothing', undefined],
    ['a text for a number', { ...needs, wanted_mb: 'one\ntwo' }],
    ['a part missing', { ...needs, parts: { weights: 1 } }],
    ['another device', { ...needs, device: 'a\nb' }],
    ['another way', { ...needs, ways: [{ trainable: 'rm -rf' }] }],
    ['a text as way', { ...needs, ways: [{ tokens: '64' }] }],
  ])('with %s stays as the server worded it', (_, cause) => {
    const error = refusal(cause);
    expect(explainRefusal(error)).toBe(error);
  });

  test('for another reason does too', () => {
    const error = ProblemError.of({ ...said, code: 'engine_refused' }, { cause: needs });
    expect(explainRefusal(error)).toBe(error);
  });
});
