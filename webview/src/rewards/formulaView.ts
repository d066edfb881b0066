/** A formula three times: with its symbols, with its numbers, and what comes out. */
import type { Formula } from '../../../server/protocol/rewardStory.ts';
import { element } from '../ui/elements.ts';
import { signedText } from '../ui/numberText.ts';

export function formulaView(formula: Formula): HTMLElement {
  const { name, symbols, numbers, result, paper, legend } = formula;
  const resultText = signedText(result).replace('+', '');
  return element(
    'section',
    { className: 'formula', attributes: { 'aria-label': 'Formula' } },
    element(
      'div',
      'formula-lines',
      line(name, symbols, 'symbols'),
      ...(numbers === resultText ? [] : [line('', numbers, 'numbers')]),
      line('', resultText, 'result'),
    ),
    element(
      'p',
      'formula-source',
      paper === undefined ? 'Not in the paper: an addition of AZR Studio.' : `Paper, ${paper}`,
    ),
    legend.length > 0 &&
      element(
        'dl',
        'legend-list',
        ...legend.flatMap(({ symbol, meaning }) => [
          element('dt', {}, symbol),
          element('dd', {}, meaning),
        ]),
      ),
  );
}

function line(left: string, right: string, className: string): HTMLElement {
  return element(
    'div',
    `formula-line ${className}`,
    element('span', 'formula-left', left),
    element('span', 'formula-equals', '='),
    element('span', 'formula-right', right),
  );
}
