/**
 * The inputs of MBPP+ as Python values. The file is JSON, which has no tuples, sets and complex numbers; which
 * lists stand for tuples is known per item, from `mbpp_deserialize_inputs` of EvalPlus.
 */
import { formatArguments } from '../../literal/format.ts';
import { parseLiteral } from '../../literal/parse.ts';
import type { LiteralValue } from '../../literal/value.ts';

/** A step from a value to its parts: all of them, or one. */
type Step = '*' | number;
/** What stands at the end of the steps from the list of arguments becomes a tuple, if it is a list. */
type Path = readonly Step[];

const TUPLES: readonly (readonly [paths: readonly Path[], items: readonly number[]])[] = [
  [
    [['*']],
    [
      ...[2, 116, 132, 143, 222, 261, 273, 394, 399, 421, 424, 429, 470, 560, 579, 596, 616, 630],
      ...[726, 740, 744, 809],
    ],
  ],
  [[['*', '*']], [63, 64, 70, 94, 120, 237, 272, 299, 400, 409, 417, 438, 473, 614, 780]],
  [[[0, '*']], [75, 413, 444, 722, 753]],
  [[[1]], [106, 750]],
  [[[0]], [250, 307, 405, 446, 617, 720, 763, 808]],
  [
    [['*'], ['*', '*']],
    [259, 401, 445],
  ],
  [[['*'], [0, '*']], [278]],
];

const PATHS = new Map(TUPLES.flatMap(([paths, items]) => items.map((item) => [item, paths])));

/** Every list, however deep. */
const ALL_TUPLES: readonly number[] = [580, 615, 791];
const SETS = 115;
/** Arguments that the file spells in texts. */
const SPELLED: ReadonlyMap<number, readonly (typeof asFloat)[]> = new Map([
  [124, [asFloat, asComplex]],
  [252, [asComplex]],
]);

/**
 * The argument list of one call.
 * @param item number of the item: 2 of `Mbpp/2`
 * @param listed the arguments as the file has them, a list
 */
export function mbppInput(item: number, listed: LiteralValue): string {
  let value = listed;
  for (const path of PATHS.get(item) ?? []) value = changedAt(value, path, asTuple);
  if (ALL_TUPLES.includes(item)) value = changedAt(value, ['*'], asTuples);
  if (item === SETS) value = changedAt(value, [0, '*'], asSet);
  for (const [place, change] of (SPELLED.get(item) ?? []).entries()) {
    value = changedAt(value, [place], change);
  }
  if (value.kind !== 'list') throw new Error('The arguments are not a list.');
  return formatArguments({ positional: value.items, named: [] });
}

function changedAt(
  value: LiteralValue,
  [step, ...rest]: Path,
  change: (value: LiteralValue) => LiteralValue,
): LiteralValue {
  if (step === undefined) return change(value);
  const inner = (part: LiteralValue, place: number) =>
    step === '*' || step === place ? changedAt(part, rest, change) : part;
  if (value.kind === 'dict') {
    const entries = value.entries.map(([key, part], place) => [key, inner(part, place)] as const);
    return { kind: 'dict', entries };
  }
  if (value.kind !== 'list' && value.kind !== 'tuple') return value;
  return { kind: value.kind, items: value.items.map(inner) };
}

function asTuple(value: LiteralValue): LiteralValue {
  return value.kind === 'list' ? { kind: 'tuple', items: value.items } : value;
}

/** An empty one stands for an empty dict. */
function asSet(value: LiteralValue): LiteralValue {
  if (value.kind !== 'list') return value;
  return value.items.length > 0
    ? { kind: 'set', items: value.items }
    : { kind: 'dict', entries: [] };
}

function asTuples(value: LiteralValue): LiteralValue {
  return value.kind === 'list' ? { kind: 'tuple', items: value.items.map(asTuples) } : value;
}

function asFloat(value: LiteralValue): LiteralValue {
  return { kind: 'float', value: asComplex(value).real };
}

function asComplex(value: LiteralValue): LiteralValue & { readonly kind: 'complex' } {
  const parsed = value.kind === 'str' ? parseLiteral(value.value) : { ok: true as const, value };
  if (parsed.ok && parsed.value.kind === 'complex') return parsed.value;
  const isReal = parsed.ok && (parsed.value.kind === 'int' || parsed.value.kind === 'float');
  if (!isReal) throw new Error('An argument is not a number.');
  return { kind: 'complex', real: Number(parsed.value.value), imaginary: 0 };
}
