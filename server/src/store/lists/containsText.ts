/** A search for text as a function of SQL, for letters whose case SQLite does not know. */

/** Name of the SQL function that {@link containsText} is known by. */
export const CONTAINS_TEXT = 'azr_contains_text';

/** @param lowerCase text to find, in lower case */
export function containsText(text: unknown, lowerCase: unknown): 0 | 1 {
  return typeof text === 'string' && text.toLowerCase().includes(String(lowerCase)) ? 1 : 0;
}
