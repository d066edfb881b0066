/**
 * Builds elements. What a model wrote is only ever set as text: there is no way in here to hand over
 * markup, and ESLint forbids the other ways.
 */

export type Child = Node | string | number | undefined | false;

export interface ElementOptions {
  readonly className?: string;
  /** Attributes; `undefined` and `false` leave one out, `true` sets it empty. */
  readonly attributes?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly on?: {
    readonly [Name in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[Name]) => void;
  };
}

/** Attributes that would load or run something. */
const ACTIVE_ATTRIBUTE = /^(?:on|style$|srcdoc$|src$|href$)/i;

export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  options: ElementOptions | string = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  return furnish(document.createElement(name), options, children);
}

/** The same for a custom element, which only `toolkit.ts` has. */
export function customElement(
  name: string,
  options: ElementOptions,
  ...children: readonly Child[]
): HTMLElement {
  return furnish(document.createElement(name), options, children);
}

/** Replaces what an element holds. */
export function fill(parent: Element, ...children: readonly Child[]): void {
  parent.replaceChildren(...children.flatMap(childNode));
}

export function setAttributes(
  target: Element,
  attributes: NonNullable<ElementOptions['attributes']>,
): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (ACTIVE_ATTRIBUTE.test(name)) throw new TypeError(`The attribute ${name} is not set here.`);
    if (value === undefined || value === false) target.removeAttribute(name);
    else target.setAttribute(name, value === true ? '' : String(value));
  }
}

function furnish<Made extends HTMLElement>(
  made: Made,
  options: ElementOptions | string,
  children: readonly Child[],
): Made {
  const { className, attributes, on } =
    typeof options === 'string' ? { className: options } : options;
  if (className !== undefined) made.className = className;
  if (attributes !== undefined) setAttributes(made, attributes);
  for (const [name, listener] of Object.entries(on ?? {})) {
    made.addEventListener(name, listener as EventListener);
  }
  made.append(...children.flatMap(childNode));
  return made;
}

function childNode(child: Child): (Node | string)[] {
  if (child === undefined || child === false) return [];
  return [typeof child === 'number' ? String(child) : child];
}
