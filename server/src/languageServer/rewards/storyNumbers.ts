/** Numbers as a formula shows them. */
import type { Formula } from '../../../protocol/rewardStory.ts';

/** At most four significant decimals, no trailing zeros, a true minus sign. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const rounded =
    value !== 0 && Math.abs(value) < 0.001
      ? String(Number(value.toPrecision(2)))
      : String(Number(value.toFixed(4)));
  return rounded.replace('-', '−');
}

/** The same as an operand: a negative number in parentheses. */
export function operand(value: number): string {
  return value < 0 ? `(${shown(value)})` : shown(value);
}

/** `1 token`, `2 tokens`. */
export function counted(count: number, noun: string): string {
  return `${String(count)} ${noun}${count === 1 ? '' : 's'}`;
}

export type Legend = Formula['legend'];

/** @param meanings symbol and meaning in turn */
export function legend(
  ...meanings: readonly (readonly [symbol: string, meaning: string])[]
): Legend {
  return meanings.map(([symbol, meaning]) => ({ symbol, meaning }));
}
