/** One answer as a line of a quick pick. */
import type { RolloutItem } from '../../../server/protocol/queries.ts';
import { t } from '../localise.ts';
import { rewardText } from '../numberText.ts';
import { readable } from '../tree/itemFilter.ts';

const LABEL_CHARACTERS = 100;

export interface AnswerText {
  readonly label: string;
  readonly description: string;
  readonly detail: string;
}

export function answerText(answer: RolloutItem): AnswerText {
  const { verdict, verdictReason, reward, advantage, tokenCount, step, phase } = answer;
  const facts = [t('step {0}', step), phase, t('{0} tokens', tokenCount)];
  if (reward !== undefined) facts.push(t('reward {0}', rewardText(reward)));
  if (advantage !== undefined) facts.push(t('advantage {0}', rewardText(advantage)));
  const reason =
    verdictReason === undefined || verdictReason === 'equal' ? '' : `: ${readable(verdictReason)}`;
  return {
    label: `${verdictIcon(verdict)} ${answerLine(answer)}`,
    description: `${verdict ?? ''}${reason}`,
    detail: facts.join(' · '),
  };
}

function verdictIcon(verdict: RolloutItem['verdict']): string {
  if (verdict === 'correct') return '$(pass)';
  return verdict === 'wrong' ? '$(error)' : '$(circle-slash)';
}

/** A quick pick draws `$(name)` as an icon; what a model wrote must not. */
function answerLine({ answer, id }: RolloutItem): string {
  const text = (answer ?? '').replaceAll(/\s+/g, ' ').trim().replaceAll('$(', '$\u200B(');
  if (text === '') return t('answer {0}, unreadable', id);
  return text.length > LABEL_CHARACTERS ? `${text.slice(0, LABEL_CHARACTERS)}…` : text;
}
