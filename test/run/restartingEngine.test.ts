import { ProblemError } from '../../server/protocol/problem.ts';
import { expect, test } from 'vitest';

import type { Engine } from '../../server/protocol/engine.ts';
import { withRestarts } from '../../server/src/run/restartingEngine.ts';

const ended = () =>
  new ProblemError({
    code: 'engine_ended',
    message: 'The engine process ended.',
    remedy: 'See the log.',
  });
/** An engine is only handed on here. */
const engine = (name: string) => ({ description: name }) as unknown as Engine;

/** Works as `outcomes` say, one after another; a number is the last step that was committed. */
function world(outcomes: readonly (number | Error)[], signal = new AbortController().signal) {
  let step = 0;
  let next = 0;
  const revived: string[] = [];
  const result = withRestarts(engine('first'), {
    work: async (current) => {
      const outcome = outcomes[next];
      next += 1;
      if (typeof outcome === 'number') {
        step = outcome;
        throw ended();
      }
      if (outcome !== undefined) throw outcome;
      return current.description as unknown as string;
    },
    restart: async () => {
      revived.push(`engine ${String(revived.length + 2)}`);
      return engine(revived.at(-1)!);
    },
    ...{ lastStep: () => step, signal },
  });
  return { result, revived };
}

test('a run goes on with a new engine where one dies', async () => {
  const { result, revived } = world([ended(), ended()]);
  expect(await result).toBe('engine 3');
  expect(revived).toEqual(['engine 2', 'engine 3']);
});

test('the fourth death without a step in between is told', async () => {
  const { result, revived } = world([ended(), ended(), ended(), ended()]);
  await expect(result).rejects.toThrow('The engine process ended.');
  expect(revived).toHaveLength(3);
});

test('a step in between gives it all its tries again', async () => {
  const { result, revived } = world([ended(), ended(), ended(), 1, ended(), ended()]);
  expect(await result).toBe('engine 7');
  expect(revived).toHaveLength(6);
});

test('steps that are done again after a checkpoint are no progress', async () => {
  const { result } = world([5, 3, 4, 5]);
  await expect(result).rejects.toThrow('The engine process ended.');
});

test('what a new engine would not mend is told at once, and so is anything after a stop', async () => {
  const mistake = new ProblemError({
    code: 'does_not_fit',
    message: 'The run does not fit.',
    remedy: 'Take a smaller model.',
  });
  const { result, revived } = world([mistake]);
  await expect(result).rejects.toBe(mistake);
  expect(revived).toEqual([]);

  const stopped = new AbortController();
  stopped.abort();
  const { result: second } = world([ended()], stopped.signal);
  await expect(second).rejects.toThrow('The engine process ended.');
});
