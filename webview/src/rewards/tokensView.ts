/** The tokens of a completion, coloured by how the update pushed them or by how likely they were. */
import type { StoryToken } from '../../../server/protocol/rewardStory.ts';
import { element, fill } from '../ui/elements.ts';
import { countText, percentText, signedText } from '../ui/numberText.ts';
import { makeRoving, setTabStop } from '../ui/rovingFocus.ts';
import { checkbox } from '../ui/toolkit.ts';
import { visibleText } from '../../../server/protocol/visibleText.ts';
import { LEVELS, pushLevel, surpriseLevel } from './tokenLevel.ts';

const MOST_TOKENS = 4096;
const MOST_CHARACTERS = 200;

export type TokenColouring = 'push' | 'probability';

export function tokensView(
  tokens: readonly StoryToken[],
  colouring: TokenColouring,
  onColouring: (colouring: TokenColouring) => void,
): HTMLElement {
  const shown = tokens.slice(0, MOST_TOKENS);
  const strongest = Math.max(0, ...shown.map(({ push }) => Math.abs(push)));
  const readout = element(
    'p',
    { className: 'readout', attributes: { role: 'status' } },
    'Point at a token, or move through them with the arrow keys, to read its numbers.',
  );
  const spans = shown.map((token) =>
    element(
      'span',
      { className: tokenClass(token, colouring, strongest), attributes: { role: 'listitem' } },
      tokenText(token.text),
    ),
  );
  setTabStop(spans, 0);
  const tell = (span: EventTarget | null) => {
    const token = shown[spans.indexOf(span as HTMLSpanElement)];
    if (token !== undefined) fill(readout, describe(token));
  };
  const list = element(
    'div',
    {
      className: 'tokens',
      attributes: { role: 'list', 'aria-label': 'Tokens' },
      on: {
        focusin: ({ target }) => {
          tell(target);
        },
        mouseover: ({ target }) => {
          tell(target);
        },
      },
    },
    ...spans,
  );
  makeRoving(list, { items: () => spans, orientation: 'both' });
  return element(
    'div',
    {},
    checkbox({
      label: 'Colour by probability',
      checked: colouring === 'probability',
      onChange: (checked) => {
        onColouring(checked ? 'probability' : 'push');
      },
    }),
    legend(colouring, strongest),
    list,
    tokens.length > shown.length &&
      element(
        'p',
        'hint',
        `${countText(tokens.length - shown.length, 'further token')} not shown.`,
      ),
    readout,
  );
}

function tokenClass(token: StoryToken, colouring: TokenColouring, strongest: number): string {
  if (colouring === 'probability')
    return `token surprise-${String(surpriseLevel(token.probability))}`;
  const level = pushLevel(token.push, strongest);
  return level === 0 ? 'token' : `token ${level > 0 ? 'up' : 'down'}-${String(Math.abs(level))}`;
}

/** A line break is shown by a sign before it breaks the line. */
function tokenText(text: string): string {
  const visible = visibleText(text.slice(0, MOST_CHARACTERS));
  return visible === '' ? '∅' : visible.replaceAll('\n', '↵\n');
}

function describe({ text, probability, push }: StoryToken): string {
  const pushed =
    push === 0 ? 'not pushed' : `pushed ${push > 0 ? 'up' : 'down'} by ${signedText(push)}`;
  return `“${tokenText(text).trimEnd()}”: probability ${percentText(probability)}, ${pushed}`;
}

function legend(colouring: TokenColouring, strongest: number): HTMLElement {
  if (colouring === 'probability') {
    return element(
      'p',
      'legend-line',
      'Probability when sampled: ',
      ...['≥ 90 %', '60–90 %', '30–60 %', '5–30 %', '< 5 %'].map((label, level) =>
        element('span', `token legend-chip surprise-${String(level)}`, label),
      ),
    );
  }
  if (strongest === 0) {
    return element(
      'p',
      'legend-line',
      'This rollout was not trained on, or its advantage is 0: no token was pushed.',
    );
  }
  const levels = [-LEVELS, -1, 1, LEVELS];
  return element(
    'p',
    'legend-line',
    'Pushed ',
    ...levels.map((level) =>
      element(
        'span',
        `token legend-chip ${level > 0 ? 'up' : 'down'}-${String(Math.abs(level))}`,
        signedText((level / LEVELS) * strongest),
      ),
    ),
    ' less likely is dotted, more likely solid',
  );
}
