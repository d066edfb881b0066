/** Numbers as a person reads them. */

/** 0.4375 as `43.8 %`; whole percentages without a decimal. */
export function percentText(share: number): string {
  const percentage = share * 100;
  const rounded = Math.round(percentage * 10) / 10;
  return `${Number.isInteger(rounded) ? String(rounded) : rounded.toFixed(1)} %`;
}

/** Three significant digits, thousands grouped; a minus sign that is one. */
export function quantityText(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '∞' : value < 0 ? '−∞' : '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  const text =
    size >= 100
      ? String(Math.round(size)).replaceAll(/\B(?=(?:\d{3})+$)/g, ' ')
      : size >= 0.001
        ? String(Number(size.toPrecision(3)))
        : size.toExponential(1);
  return value < 0 ? `−${text}` : text;
}

/** With its sign always, as rewards and advantages are written. */
export function signedText(value: number): string {
  const text = quantityText(value);
  return value > 0 ? `+${text}` : text;
}

export function durationText(milliseconds: number): string {
  if (milliseconds < 1000) return `${quantityText(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${quantityText(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${String(minutes)} min ${String(Math.round(seconds % 60))} s`;
  return `${String(Math.floor(minutes / 60))} h ${String(minutes % 60)} min`;
}

/** `1 step`, `2 steps`, `1 234 steps`. */
export function countText(count: number, noun: string, plural = `${noun}s`): string {
  return `${quantityText(count)} ${count === 1 ? noun : plural}`;
}
