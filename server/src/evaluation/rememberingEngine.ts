/**
 * An engine that an evaluation samples from without asking twice: what it answered before the evaluation
 * was interrupted is read from the database.
 */
import { createHash } from 'node:crypto';

import type {
  Completion,
  Engine,
  SampleRequest,
  SamplingParameters,
} from '../../protocol/engine.ts';
import type { SqliteRunStore } from '../store/writer/sqliteRunStore.ts';

/** Thrown where a part is finished and somebody asked to stop. */
export class StoppedBetweenParts extends Error {}

/**
 * `engine`, whose completions are kept in `store` until the step is committed. Before each new request,
 * {@link StoppedBetweenParts} is thrown where `isStopWanted` says so.
 */
export function rememberingEngine(
  engine: Engine,
  store: Pick<SqliteRunStore, 'sampledPart' | 'keepSampledPart'>,
  isStopWanted: () => boolean,
): Pick<Engine, 'description' | 'encode' | 'decode' | 'encodeChat' | 'sample'> {
  return {
    description: engine.description,
    encode: (text) => engine.encode(text),
    decode: (tokens) => engine.decode(tokens),
    encodeChat: (messages) => engine.encodeChat(messages),
    async sample(requests, parameters, signal) {
      const key = keyOf(requests, parameters);
      const kept = store.sampledPart(key);
      if (kept !== undefined) return JSON.parse(kept) as Completion[][];
      if (isStopWanted()) throw new StoppedBetweenParts();
      const completions = await engine.sample(requests, parameters, signal);
      store.keepSampledPart(key, JSON.stringify(completions));
      return completions;
    },
  };
}

/** The step is part of the seed, so that no other subject's request has the same key. */
function keyOf(requests: readonly SampleRequest[], parameters: SamplingParameters): string {
  return createHash('sha256')
    .update(JSON.stringify([requests, parameters]))
    .digest('hex');
}
