/** A function to write from a description in words. */
import type { HeldOutTask } from '../../../protocol/heldOut.ts';
import { fencedText } from '../../method/dialects/fence.ts';
import { callIn, withCall } from '../reading/callAdapter.ts';
import { lastBlock } from '../reading/completions.ts';
import type { Template } from '../suite.ts';
import { message } from './programTemplates.ts';

export const functionChat: Template = {
  name: 'chat',
  title: 'A message; the answer in the last fenced block',
  ask: (task) =>
    message(
      [
        'Solve this task with a Python function. You may think step by step first.',
        fencedText('', (task.message ?? '').trim()),
        `The function is called \`${callIn(task.program).entry}\`. End with it, and the imports and helpers it needs, in one \`\`\`python block.`,
      ].join('\n'),
    ),
  readAnswer(task, completion) {
    const block = lastBlock(completion);
    return block === undefined ? undefined : withCall(block, callIn(task.program));
  },
};

/** Docstring and code in turn, as two fixed examples show it. */
export const functionBase: Template = {
  name: 'base',
  title: 'Text to go on with, after two examples',
  ask: (task) => ({ kind: 'text', text: `${EXAMPLES}${docstringOf(task)}\n` }),
  readAnswer(task, completion) {
    const lines = completion.replace(/\r\n?/g, '\n').split('\n');
    const end = lines.findIndex((line) => LEAVES_CODE.test(line));
    const code = (end < 0 ? lines : lines.slice(0, end)).join('\n');
    return code.trim() === '' ? undefined : withCall(code, callIn(task.program));
  },
};

/** The next docstring, a test, or a fence: what models write after the code that was asked for. */
const LEAVES_CODE = /^(?:"""|'''|```|assert\b|print\(|if __name__)/;

const EXAMPLES = `"""
Write a function to count how often each word occurs in a text.
assert count_words("to be or not to be") == {'to': 2, 'be': 2, 'or': 1, 'not': 1}
"""
def count_words(text):
    counts = {}
    for word in text.split():
        counts[word] = counts.get(word, 0) + 1
    return counts

"""
Write a python function to find the largest difference between neighbours in a list.
assert largest_step([1, 4, 2, 9]) == 7
"""
def largest_step(numbers):
    return max(abs(b - a) for a, b in zip(numbers, numbers[1:]))

`;

function docstringOf({ message: asked = '', program }: HeldOutTask): string {
  const text = asked.trim();
  if (text.startsWith('"""')) return text;
  const described = `${text}\nThe function is called ${callIn(program).entry}.`;
  return `"""\n${described.replaceAll('"""', "'''")}\n"""`;
}
