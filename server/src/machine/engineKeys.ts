/** The keys of engines, each bound to the origin that it was given for, and how a process gets them. */
import { ENGINE_KEYS_VARIABLE, engineOrigin } from '../../protocol/engineKeys.ts';

/** Holds the key for the engine of one run; secrets do not belong in the run file. */
export const ENGINE_KEY_VARIABLE = 'TINKER_API_KEY';

/**
 * Holds the address that the key is for. It has the name under which Tinker's own programs take their
 * server's address, so that a terminal which is set up for them is set up for this.
 */
export const ENGINE_ADDRESS_VARIABLE = 'TINKER_BASE_URL';

/** A key that may go to one origin. */
export interface BoundKey {
  readonly origin: string;
  readonly key: string;
}

/** An empty key is one as well: that of an engine that asks for none. */
export type EngineKeys = ReadonlyMap<string, string>;

/**
 * Takes the keys out of the environment, so that nothing that is started from here inherits them; so
 * too a terminal's key that the window was started with, which is not for windows.
 */
export function takeEngineKeys(environment: NodeJS.ProcessEnv): EngineKeys {
  takeVariable(environment, ENGINE_KEY_VARIABLE);
  const text = takeVariable(environment, ENGINE_KEYS_VARIABLE) ?? '{}';
  return new Map(Object.entries(JSON.parse(text) as Record<string, string>));
}

/** The value of a variable, which is no longer in the environment afterwards. */
export function takeVariable(environment: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = environment[name];
  // Assigning undefined would leave the word "undefined" there.
  Reflect.deleteProperty(environment, name);
  return value;
}

/** The origin of an engine whose key is not known; undefined where none is needed. */
export function originWithoutKey(keys: EngineKeys, engineUrl: string): string | undefined {
  const origin = engineOrigin(engineUrl);
  return origin === undefined || keys.has(origin) ? undefined : origin;
}

/**
 * The environment of a run's process. A key belongs to one engine: it goes nowhere else, nor does one
 * that the window itself inherited. The address goes along, so that the process sends the key to no
 * other, whatever stands in the run's database by the time it looks.
 */
export function keyEnvironment(keys: EngineKeys, engineUrl: string): Record<string, string> {
  const origin = engineOrigin(engineUrl);
  return {
    [ENGINE_KEY_VARIABLE]: (origin === undefined ? undefined : keys.get(origin)) ?? '',
    [ENGINE_ADDRESS_VARIABLE]: origin ?? '',
  };
}
