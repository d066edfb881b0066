/** One answer as a line of a quick pick. */
import type { RolloutItem } from '../../../server/protocol/queries.ts';
import { rewardText } from '../numberText.ts';
import {
  foreignText,
  type IconName,
  joined,
  type SafeText,
  t,
  withIcon,
} from '../shown/safeText.ts';
import { readable } from '../tree/itemFilter.ts';

const LABEL_CHARACTERS = 100;

export interface AnswerText {
  readonly label: SafeText;
  readonly description: SafeText;
  readonly detail: SafeText;
}

export function answerText(answer: RolloutItem): AnswerText {
  const { verdict, verdictReason, reward, advantage, tokenCount, step, phase } = answer;
  const purpose = phase === 'curriculum' ? t('starting model') : foreignText(phase);
  const facts = [t('step {0}', step), purpose, t('{0} tokens', tokenCount)];
  if (reward !== undefined) facts.push(t('reward {0}', rewardText(reward)));
  if (advantage !== undefined) facts.push(t('advantage {0}', rewardText(advantage)));
  const reason =
    verdictReason === undefined || verdictReason === 'equal' ? [] : [readable(verdictReason)];
  return {
    label: withIcon(verdictIcon(verdict), answerLine(answer)),
    description: joined([foreignText(verdict ?? ''), ...reason], ': '),
    detail: joined(facts, ' · '),
  };
}

function verdictIcon(verdict: RolloutItem['verdict']): IconName {
  if (verdict === 'correct') return 'pass';
  return verdict === 'wrong' ? 'error' : 'circle-slash';
}

function answerLine({ answer, id }: RolloutItem): SafeText {
  const text = (answer ?? '').replaceAll(/\s+/g, ' ').trim();
  if (text === '') return t('answer {0}, unreadable', id);
  return foreignText(text.length > LABEL_CHARACTERS ? `${text.slice(0, LABEL_CHARACTERS)}…` : text);
}
