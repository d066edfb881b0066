/**
 * Python values of the built-in types that have a literal. The only form in which values of untrusted
 * programs exist outside the jail.
 */

export type LiteralValue =
  | { readonly kind: 'none' }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'complex'; readonly real: number; readonly imaginary: number }
  /** Well-formed Unicode; lone surrogates are not text and are refused. */
  | { readonly kind: 'str'; readonly value: string }
  /** One character of code 0 to 255 per byte. */
  | { readonly kind: 'bytes'; readonly value: string }
  | { readonly kind: 'list' | 'tuple'; readonly items: readonly LiteralValue[] }
  /** Items without duplicates, in order of appearance. */
  | { readonly kind: 'set' | 'frozenset'; readonly items: readonly LiteralValue[] }
  /** Entries without duplicate keys, in order of appearance. */
  | { readonly kind: 'dict'; readonly entries: readonly DictEntry[] };

export type DictEntry = readonly [key: LiteralValue, value: LiteralValue];

/** Arguments of one call, such as `[1, 2], key='x'`. */
export interface ArgumentList {
  readonly positional: readonly LiteralValue[];
  readonly named: readonly { readonly name: string; readonly value: LiteralValue }[];
}

/** Why a text is not what was asked for, and the offset (in UTF-16 units) where that shows. */
export interface LiteralError {
  readonly message: string;
  readonly position: number;
}

export type ParseResult<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: LiteralError };

export interface LiteralLimits {
  /** Longest accepted text, in UTF-16 units. */
  readonly characters: number;
  /** Deepest accepted nesting of brackets. */
  readonly depth: number;
}

export const DEFAULT_LITERAL_LIMITS: LiteralLimits = { characters: 65_536, depth: 64 };
