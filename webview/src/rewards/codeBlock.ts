/** Text of a model or a program, as text, in a box that scrolls and can be reached by keyboard. */
import { type Child, element } from '../ui/elements.ts';
import { countText } from '../ui/numberText.ts';
import { shownText } from '../ui/shownText.ts';

export function codeBlock(label: string, text: string): HTMLElement {
  const shown = shownText(text);
  return codeRegion(label, [shown.text === '' ? emptyMark() : shown.text], shown.cut);
}

export function codeRegion(label: string, content: readonly Child[], cut = 0): HTMLElement {
  return element(
    'div',
    'code',
    element(
      'pre',
      { attributes: { tabindex: 0, role: 'region', 'aria-label': label } },
      ...content,
    ),
    cut > 0 && element('p', 'hint', `${countText(cut, 'further character')} not shown here.`),
  );
}

export function emptyMark(): HTMLElement {
  return element('span', 'hint', '(empty)');
}
