/** Answers to the tasks of reasoning-gym in one spelling, as Python literals: equal answers give equal literals. */
import { formatLiteral } from '../../literal/format.ts';
import { numberLiteral } from '../reading/numberAnswer.ts';
import type { AnswerKind } from './families.ts';

/** Of a text, what stands around an answer and does not belong to it. */
const AROUND = /^["'`“”‘’\s]+|["'`“”‘’.\s]+$/g;
/** What sets the elements of a list apart, and what stands around them. */
const BETWEEN = /[\s,;|[\](){}"'`]+/;

/** Undefined where `stated` does not hold an answer of this kind. Nothing is evaluated. */
export function answerLiteral(stated: string, kind: AnswerKind): string | undefined {
  const boxed = /\\boxed\s*\{([^{}]*)\}/.exec(stated)?.[1] ?? stated;
  if (kind === 'number') return numberLiteral(boxed);
  const plain =
    kind === 'list'
      ? boxed
          .split(BETWEEN)
          .filter((element) => element !== '')
          .join(' ')
      : boxed.normalize('NFKC').toLowerCase().replace(AROUND, '').replace(/\s+/g, ' ');
  return plain === '' ? undefined : formatLiteral({ kind: 'str', value: plain });
}
