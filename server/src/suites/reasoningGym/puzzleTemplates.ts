/** A question of reasoning-gym, whose answer is a number, a text or a list. */
import { afterPhrase, ANSWER_PHRASE, lastBlock } from '../reading/completions.ts';
import type { Template } from '../suite.ts';
import { message } from '../templates/programTemplates.ts';
import { answerLiteral } from './answers.ts';
import { familyOf } from './families.ts';

export const puzzleChat: Template = {
  name: 'chat',
  title: 'A message; the answer after "Answer:", or in the last fenced block',
  ask: ({ message: question = '' }) =>
    message(
      `${question.trim()}\n\nThink step by step. End with a line that begins with "${ANSWER_PHRASE}" and holds the answer alone; put an answer of several lines into one fenced block instead.`,
    ),
  readAnswer({ itemId = '' }, completion) {
    const stated = afterPhrase(completion) ?? lastBlock(completion);
    return stated === undefined ? undefined : answerLiteral(stated, familyOf(itemId).answer);
  },
};

export const puzzleBase: Template = {
  name: 'base',
  title: 'Text to go on with, after two examples',
  ask: ({ message: question = '' }) => ({
    kind: 'text',
    text: `${EXAMPLES}Question: ${question.trim()}\nSolution:`,
  }),
  readAnswer({ itemId = '' }, completion) {
    // The model goes on with a question of its own.
    const [own = ''] = completion.split(/\nQuestion:/, 1);
    const { answer } = familyOf(itemId);
    const stated = answer === 'list' ? ownList(own) : afterPhrase(own);
    return stated === undefined ? undefined : answerLiteral(stated, answer);
  },
};

/** A matrix goes on in the lines after the phrase. */
function ownList(completion: string): string | undefined {
  const place = completion.lastIndexOf(ANSWER_PHRASE);
  if (place < 0) return undefined;
  const [stated = ''] = completion
    .slice(place + ANSWER_PHRASE.length)
    .trim()
    .split(/\n\s*\n/, 1);
  return stated;
}

const EXAMPLES = `Question: How many even numbers are there in this list? 7 12 9 4 30
Solution: 12, 4 and 30 are even, which makes three.
${ANSWER_PHRASE} 3

Question: Write these words in the order of their lengths, as a comma-separated list: river, sea, rain
Solution: "sea" has 3 letters, "rain" has 4 and "river" has 5.
${ANSWER_PHRASE} sea, rain, river

`;
