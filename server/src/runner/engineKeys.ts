/** The keys that a window's language server was started with, by the engine's origin. */
import { ENGINE_KEYS_VARIABLE, engineOrigin } from '../../protocol/engineKeys.ts';

/** Holds the key for the engine of one run; the run file is no place for secrets. */
export const ENGINE_KEY_VARIABLE = 'TINKER_API_KEY';

/** An empty key is one as well: that of an engine that asks for none. */
export type EngineKeys = ReadonlyMap<string, string>;

/** Takes the keys out of the environment, so that nothing that is started from here inherits them. */
export function takeEngineKeys(environment: NodeJS.ProcessEnv): EngineKeys {
  const text = environment[ENGINE_KEYS_VARIABLE] ?? '{}';
  // Assigning undefined would leave the word "undefined" there.
  Reflect.deleteProperty(environment, ENGINE_KEYS_VARIABLE);
  return new Map(Object.entries(JSON.parse(text) as Record<string, string>));
}

/** The origin of an engine whose key is not known; undefined where none is needed. */
export function originWithoutKey(keys: EngineKeys, engineUrl: string): string | undefined {
  const origin = engineOrigin(engineUrl);
  return origin === undefined || keys.has(origin) ? undefined : origin;
}

/**
 * The environment of a run's process. A key belongs to one engine: it goes nowhere else, nor does one
 * that the window itself inherited.
 */
export function keyEnvironment(keys: EngineKeys, engineUrl: string): Record<string, string> {
  const origin = engineOrigin(engineUrl);
  return { [ENGINE_KEY_VARIABLE]: (origin === undefined ? undefined : keys.get(origin)) ?? '' };
}
