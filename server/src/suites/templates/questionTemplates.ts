/** A question in words whose answer is a number. */
import { afterPhrase, ANSWER_PHRASE, lastBlock } from '../reading/completions.ts';
import { numberLiteral } from '../reading/numberAnswer.ts';
import type { Template } from '../suite.ts';
import { message } from './programTemplates.ts';

export const questionChat: Template = {
  name: 'chat',
  title: 'A message; the number after "Answer:", or in the last fenced block',
  ask: ({ message: question = '' }) =>
    message(
      `${question.trim()}\n\nThink step by step. End with a line that begins with "${ANSWER_PHRASE}" and holds the number alone.`,
    ),
  readAnswer(_task, completion) {
    const stated = afterPhrase(completion) ?? lastBlock(completion);
    return stated === undefined ? undefined : numberLiteral(stated);
  },
};

export const questionBase: Template = {
  name: 'base',
  title: 'Text to go on with, after two examples',
  ask: ({ message: question = '' }) => ({
    kind: 'text',
    text: `${EXAMPLES}Question: ${question.trim()}\nSolution:`,
  }),
  readAnswer(_task, completion) {
    // The model goes on with a question of its own.
    const [own = ''] = completion.split(/\nQuestion:/, 1);
    const stated = afterPhrase(own);
    return stated === undefined ? undefined : numberLiteral(stated);
  },
};

const EXAMPLES = `Question: A baker fills 6 trays with 8 rolls each and sells 29 rolls. How many rolls are left?
Solution: The baker has 6 * 8 = 48 rolls. After selling 29 of them, 48 - 29 = 19 are left.
${ANSWER_PHRASE} 19

Question: Tickets cost $4 for children and twice as much for adults. What do 3 children and 2 adults pay?
Solution: An adult pays 2 * 4 = 8 dollars. 3 children pay 3 * 4 = 12 dollars and 2 adults 2 * 8 = 16 dollars, together 12 + 16 = 28 dollars.
${ANSWER_PHRASE} 28

`;
