/** Reading what a runner and its watchers send each other. */

/** A message, of which nothing but its having a kind is known. */
export interface UnknownMessage {
  readonly kind: unknown;
  readonly [key: string]: unknown;
}

/** The message that `text` is; undefined when it is not a JSON object with a kind. */
export function readMessage(text: string): UnknownMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return typeof value === 'object' && value !== null && 'kind' in value ? value : undefined;
}
