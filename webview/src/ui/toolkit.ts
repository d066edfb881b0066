/**
 * The only file that knows `@vscode/webview-ui-toolkit`. The toolkit gets no more releases; whoever
 * replaces it does so here, and the pages do not notice.
 */
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeProgressRing,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';

import { customElement } from './elements.ts';

/** Has to be called once, before the first element is made. */
export function registerToolkit(): void {
  provideVSCodeDesignSystem().register(
    vsCodeButton(),
    vsCodeCheckbox(),
    vsCodeDropdown(),
    vsCodeOption(),
    vsCodeProgressRing(),
    vsCodeTextField(),
  );
}

export interface ButtonOptions {
  readonly label: string;
  /** Its tooltip: what it does, and by which key. */
  readonly description?: string;
  readonly appearance?: 'primary' | 'secondary' | 'icon';
  readonly disabled?: boolean;
  readonly onPress: () => void;
}

export function button(options: ButtonOptions): HTMLElement {
  const { label, description, appearance = 'secondary', disabled, onPress } = options;
  return customElement(
    'vscode-button',
    {
      attributes: {
        appearance,
        disabled,
        title: description,
      },
      on: { click: onPress },
    },
    label,
  );
}

export function setDisabled(control: HTMLElement, disabled: boolean): void {
  control.toggleAttribute('disabled', disabled);
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

export interface DropdownOptions {
  readonly label: string;
  readonly choices: readonly Choice[];
  readonly selected: string;
  readonly onChoose: (value: string) => void;
}

export function dropdown(options: DropdownOptions): HTMLElement {
  const { label, choices, selected, onChoose } = options;
  const control: HTMLElement & { value?: string } = customElement(
    'vscode-dropdown',
    {
      attributes: { 'aria-label': label, title: label, position: 'below' },
      on: {
        change: () => {
          onChoose(control.value ?? '');
        },
      },
    },
    ...choices.map((choice) => option(choice, selected)),
  );
  return control;
}

function option({ value, label }: Choice, selected: string): HTMLElement {
  return customElement(
    'vscode-option',
    { attributes: { value, selected: value === selected } },
    label,
  );
}

export interface TextFieldOptions {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
}

export function textField(options: TextFieldOptions): HTMLElement {
  const { label, placeholder, value, onInput } = options;
  const control: HTMLElement & { value?: string } = customElement('vscode-text-field', {
    attributes: { 'aria-label': label, placeholder, value, maxlength: 500 },
    on: {
      input: () => {
        onInput(control.value ?? '');
      },
    },
  });
  return control;
}

export interface CheckboxOptions {
  readonly label: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

export function checkbox({ label, checked, onChange }: CheckboxOptions): HTMLElement {
  const control: HTMLElement & { checked?: boolean } = customElement(
    'vscode-checkbox',
    {
      attributes: { checked },
      on: {
        change: () => {
          onChange(control.checked ?? false);
        },
      },
    },
    label,
  );
  return control;
}

export function progressRing(label: string): HTMLElement {
  return customElement('vscode-progress-ring', { attributes: { 'aria-label': label } });
}
