import { durationText, percentText, quantityText } from '../ui/numberText.ts';
import type { Unit } from './curves.ts';

/** A value with its unit. */
export function unitText(value: number | null, unit: Unit): string {
  if (value === null) return '–';
  switch (unit) {
    case 'share':
      return percentText(value);
    case 'duration':
      return durationText(value);
    case 'nats':
      return quantityText(value);
    case 'tokens':
    case 'tokens-per-second':
    case 'nodes':
    case 'templates':
    case 'constructs':
      return quantityText(value);
  }
}

/** For an axis: short. */
export function axisText(value: number, unit: Unit): string {
  if (value === 0) return unit === 'share' ? '0 %' : '0';
  switch (unit) {
    case 'share':
      return `${String(Math.round(value * 100))} %`;
    case 'duration':
      return durationText(value);
    default:
      return quantityText(value);
  }
}

export function unitName(unit: Unit): string {
  switch (unit) {
    case 'share':
      return '';
    case 'tokens':
      return 'tokens';
    case 'nats':
      return 'nats per token';
    case 'tokens-per-second':
      return 'tokens per second';
    case 'duration':
      return '';
    case 'nodes':
      return 'nodes';
    case 'templates':
      return 'templates';
    case 'constructs':
      return 'constructs';
  }
}
