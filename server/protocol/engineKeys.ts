/** Keys for engines at an address: kept by the extension, handed on through environments only. */

/** Holds the stored keys for a window's language server: a JSON object of keys by origin. */
export const ENGINE_KEYS_VARIABLE = 'AZR_ENGINE_KEYS';

/** What a key belongs to: scheme, host and port. Undefined for `local` and for anything that is not an address. */
export function engineOrigin(engineUrl: string): string | undefined {
  if (engineUrl === 'local') return undefined;
  const origin = URL.parse(engineUrl)?.origin;
  return origin === 'null' ? undefined : origin;
}
