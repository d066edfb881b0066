/** A program with an input whose output is asked for, or with an output for which an input is. */
import type { HeldOutTask } from '../../../protocol/heldOut.ts';
import type { Prompt } from '../../method/dialects/dialect.ts';
import { fencedText } from '../../method/dialects/fence.ts';
import { ANSWER_PHRASE, blockOrPhrase, firstLine } from '../reading/completions.ts';
import type { Template } from '../suite.ts';

/** What instruct models are told, and where their answer stands. */
export const programChat: Template = {
  name: 'chat',
  title: 'A message; the answer in the last fenced block, or after "Answer:"',
  ask: (task) => message(task.mode === 'deduction' ? outputQuestion(task) : inputQuestion(task)),
  readAnswer(task, completion) {
    const answer = blockOrPhrase(completion);
    return answer === undefined || task.mode === 'deduction' ? answer : withoutCall(answer);
  },
};

/** Text that goes on with a literal, after two fixed examples. */
export const programBase: Template = {
  name: 'base',
  title: 'Text to go on with, after two examples',
  ask(task) {
    const [isOutput, [example]] = [task.mode === 'deduction', task.examples];
    const { input, output } = example!;
    const shown = EXAMPLES.map((one) =>
      isOutput
        ? `${one.program}\n\nassert f(${one.input}) == ${one.output}\n\n`
        : `${one.program}\n\nassert ${one.output} == f(${one.input})\n\n`,
    );
    const asked = isOutput ? `assert f(${input}) ==` : `assert ${output} == f(`;
    return { kind: 'text', text: `${shown.join('')}${task.program}\n\n${asked}` };
  },
  readAnswer(task, completion) {
    const line = firstLine(completion);
    if (line === undefined || task.mode === 'deduction') return line;
    // The call that the prompt began ends with the line.
    const end = line.lastIndexOf(')');
    return end < 0 ? undefined : line.slice(0, end);
  },
};

const EXAMPLES = [
  {
    program: 'def f(text, count):\n    return text[:count].upper() + text[count:]',
    input: "'banana', 2",
    output: "'BAnana'",
  },
  {
    program:
      'def f(numbers):\n    result = []\n    for number in numbers:\n        if number % 2 == 0:\n            result.append(number // 2)\n    return result',
    input: '[4, 7, 10, 3]',
    output: '[2, 5]',
  },
] as const;

/** A prompt of one message of the user. */
export function message(content: string): Prompt {
  return { kind: 'chat', messages: [{ role: 'user', content }] };
}

function outputQuestion({ program, examples }: HeldOutTask): string {
  return [
    'What does this Python function return for this call? You may think step by step first.',
    fencedText('python', program),
    fencedText('python', `f(${examples[0]!.input})`),
    `End with the returned value as a Python literal in one fenced block, or in a line that begins with "${ANSWER_PHRASE}".`,
  ].join('\n');
}

function inputQuestion({ program, examples }: HeldOutTask): string {
  return [
    'For which arguments does this Python function return this value? Any such arguments are right. You may think step by step first.',
    fencedText('python', program),
    fencedText('python', examples[0]!.output),
    `End with the arguments as Python literals, as they stand between the parentheses of the call f(...), in one fenced block, or in a line that begins with "${ANSWER_PHRASE}".`,
  ].join('\n');
}

/** `f(1, 2)` is as good as `1, 2`. */
function withoutCall(answer: string): string {
  return /^f\(([^]*)\)$/.exec(answer)?.[1] ?? answer;
}
