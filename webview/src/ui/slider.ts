/** A number between 0 and a maximum, set by dragging or with the arrow keys; the toolkit has none. */
import { element } from './elements.ts';

export interface SliderOptions {
  readonly label: string;
  /** Its tooltip. */
  readonly description: string;
  readonly value: number;
  readonly maximum: number;
  readonly step: number;
  readonly onChange: (value: number) => void;
}

export function slider(options: SliderOptions): HTMLElement {
  const { label, description, value, maximum, step, onChange } = options;
  const input = element('input', {
    attributes: { type: 'range', min: 0, max: maximum, step, value },
    on: {
      input: () => {
        onChange(input.valueAsNumber);
      },
    },
  });
  return element(
    'label',
    { className: 'slider', attributes: { title: description } },
    label,
    input,
  );
}
