/** One fixed order of values, so that a set or dict is always written the same way. */
import { canonicalKey } from './canonicalKey.ts';
import type { LiteralValue } from './value.ts';

/** Numbers by size, texts by UTF-16 unit, everything else by canonical key; kinds stay together. */
export function compareValues(left: LiteralValue, right: LiteralValue): number {
  const leftNumber = realNumber(left);
  const rightNumber = realNumber(right);
  if (leftNumber !== undefined && rightNumber !== undefined) {
    if (leftNumber < rightNumber) return -1;
    if (leftNumber > rightNumber) return 1;
  }
  if (leftNumber !== undefined && rightNumber === undefined) return -1;
  if (leftNumber === undefined && rightNumber !== undefined) return 1;
  if (left.kind === 'str' && right.kind === 'str') return compareTexts(left.value, right.value);
  return compareTexts(canonicalKey(left), canonicalKey(right));
}

/** JavaScript compares a bigint with a number exactly, so mixed sets sort by true size. NaN has no size. */
function realNumber(value: LiteralValue): bigint | number | undefined {
  if (value.kind === 'int') return value.value;
  if (value.kind === 'float' && !Number.isNaN(value.value)) return value.value;
  return undefined;
}

function compareTexts(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
