/** What a stage shows below its sentence and its formula. */
import type { RewardStage } from '../../../server/protocol/rewardStory.ts';
import { element } from '../ui/elements.ts';
import { countText, percentText, signedText } from '../ui/numberText.ts';
import { plainTable } from '../ui/plainTable.ts';
import { shownText } from '../ui/shownText.ts';
import { baselinePicture } from './baselinePicture.ts';
import { codeBlock } from './codeBlock.ts';
import { completionView } from './completionView.ts';
import { executionsView, expectedView } from './executionsView.ts';
import { groupStrip } from './groupStrip.ts';
import { type TokenColouring, tokensView } from './tokensView.ts';

export interface StageControls {
  readonly colouring: TokenColouring;
  readonly onColouring: (colouring: TokenColouring) => void;
  readonly onOpen: (rolloutId: number) => void;
}

export function stageBody(
  stage: RewardStage,
  controls: StageControls,
): readonly (HTMLElement | undefined)[] {
  switch (stage.kind) {
    case 'prompt':
      return [codeBlock('Prompt', stage.prompt), hint(countText(stage.tokenCount, 'token'))];
    case 'completion':
      return [
        stage.pruned === true ? undefined : completionView(stage.completion, stage.parts),
        hint(
          `${countText(stage.tokenCount, 'token')}; ${
            stage.stopReason === 'stop'
              ? 'the model ended it'
              : 'cut off at the longest completion allowed'
          }`,
        ),
      ];
    case 'parse':
      return [parsedFields(stage)];
    case 'validation':
      return [
        outcome(stage.accepted, stage.accepted ? 'accepted' : `rejected: ${stage.reason ?? ''}`),
        stage.message === undefined
          ? undefined
          : element(
              'p',
              {},
              `${stage.line === undefined ? '' : `Line ${String(stage.line)}: `}${shownText(stage.message, 2000).text}`,
            ),
        executionsView(stage.executions),
      ];
    case 'execution':
      return [
        outcome(stage.verdict === 'correct', `${stage.verdict}: ${stage.reason}`),
        expectedView(stage.expected),
        executionsView(stage.executions, stage.expected),
      ];
    case 'group':
      return [
        groupStrip(stage.members, controls.onOpen),
        element('p', 'big-number', percentText(stage.solveRate)),
      ];
    case 'role-reward':
      return [bigNumber(stage.value)];
    case 'format':
      return [
        bigNumber(stage.value),
        hint(
          stage.applied ? 'It takes the place of the role’s reward.' : 'It does not apply here.',
        ),
      ];
    case 'composite':
      return [
        plainTable({
          caption: 'Terms of the reward',
          columns: [{ title: 'Term' }, { title: 'Value', numeric: true }, { title: 'Why' }],
          rows: stage.terms.map(({ name, value, explanation }) => [
            name,
            signedText(value),
            explanation,
          ]),
        }),
        bigNumber(stage.value),
      ];
    case 'baseline':
      return [baselinePicture(stage)];
    case 'advantage':
      return [
        bigNumber(stage.value),
        hint(stage.trained ? 'The model was trained on it.' : 'The model was not trained on it.'),
      ];
    case 'tokens':
      return stage.pruned === true
        ? []
        : [tokensView(stage.tokens, controls.colouring, controls.onColouring)];
  }
}

function parsedFields({ parsed, fields }: Extract<RewardStage, { kind: 'parse' }>): HTMLElement {
  return element(
    'div',
    {},
    outcome(parsed, parsed ? 'read' : 'could not be read'),
    ...fields.flatMap(({ name, text }) => [element('h3', {}, name), codeBlock(name, text)]),
  );
}

function outcome(good: boolean, text: string): HTMLElement {
  return element(
    'p',
    {},
    element('span', good ? 'outcome good' : 'outcome bad', `${good ? '✓' : '✗'} ${text}`),
  );
}

function bigNumber(value: number): HTMLElement {
  const sign = value > 0 ? 'positive' : value < 0 ? 'negative' : '';
  return element('p', `big-number ${sign}`, signedText(value));
}

function hint(text: string): HTMLElement {
  return element('p', 'hint', text);
}
