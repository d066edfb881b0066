/** How figures of results are written in tables of docs/learning.md. */
import type { RateChange } from '../../server/protocol/learning.ts';
import type { BeforeAfter } from './shortRun.ts';

export function changeText({ before, after }: Pick<RateChange, 'before' | 'after'>): string {
  return `${percent(before)} → ${percent(after)}`;
}

export function natsText({ before, after }: BeforeAfter): string {
  return `${before.toFixed(2)} → ${after.toFixed(2)}`.replaceAll('-', '−');
}

export function intervalText({ before, after, low, high }: RateChange): string {
  return `${points(after - before)} (${points(low)} to ${points(high)})`;
}

export function pText(value: number): string {
  return value < 0.001 ? '< 0.001' : value.toFixed(3);
}

export function percent(rate: number): string {
  return `${(rate * 100).toFixed(1)} %`;
}

/** A difference of rates in percentage points, with its sign. */
export function points(difference: number): string {
  const text = (difference * 100).toFixed(1);
  return difference < 0 ? text.replace('-', '−') : `+${text}`;
}

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, header.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}
