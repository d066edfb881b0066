/**
 * The dialects of pretrained models: tasks in words, answers in fenced blocks. `chat` uses the
 * tokenizer's own template; `r1` is the think-and-answer template of the paper for base models.
 */
import type { Mode } from '../../../protocol/vocabulary.ts';
import {
  ZERO_TRIPLET,
  type Dialect,
  dialectOf,
  type Prompt,
  type Reference,
  type SolverQuestion,
} from './dialect.ts';
import { blocksLabelled } from './fencedBlocks.ts';
import { type Span, trimmedSpan } from './span.ts';

export interface InstructionOptions {
  readonly name: 'chat' | 'r1';
  /** Told to the proposer; the grader enforces them. */
  readonly bannedWords: readonly string[];
  readonly allowedImports: readonly string[];
}

const ANSWER_LABEL: Readonly<Record<Mode, string>> = {
  deduction: 'output',
  abduction: 'input',
  induction: 'python',
};

export function instructionDialect(options: InstructionOptions): Dialect {
  const ask = options.name === 'chat' ? asChat : asThinkAndAnswer;
  const answerOf = options.name === 'chat' ? wholeCompletion : answerSection;
  return dialectOf({
    name: options.name,
    zeroTriplet: ZERO_TRIPLET,
    proposeTask: (mode, references) => ask(proposalText(mode, references, options)),
    proposeInduction: (program, inputs) => ask(inductionProposalText(program, inputs)),
    solve: (question) => ask(solverText(question)),

    locateProposal(completion) {
      const answer = answerOf(completion);
      const program = answer && blocksLabelled(completion, answer, 'python')[0];
      const input = answer && blocksLabelled(completion, answer, 'input')[0];
      return program && input ? { program, input: trimmedSpan(completion, input) } : undefined;
    },

    locateInductionProposal(completion) {
      const answer = answerOf(completion);
      if (!answer) {
        return undefined;
      }
      const inputs = blocksLabelled(completion, answer, 'input').map((input) =>
        trimmedSpan(completion, input),
      );
      const message = blocksLabelled(completion, answer, 'message').at(-1);
      return inputs.length > 0 && message
        ? { inputs, message: trimmedSpan(completion, message) }
        : undefined;
    },

    locateAnswer(mode, completion) {
      const answer = answerOf(completion);
      const block = answer && blocksLabelled(completion, answer, ANSWER_LABEL[mode]).at(-1);
      return block && trimmedSpan(completion, block);
    },
  });
}

function wholeCompletion(completion: string): Span {
  return { start: 0, end: completion.length };
}

function asChat(content: string): Prompt {
  return { kind: 'chat', messages: [{ role: 'user', content }] };
}

function asThinkAndAnswer(content: string): Prompt {
  const preamble =
    'The user asks, the assistant first reasons in <think> </think> and then answers in <answer> </answer>.';
  return { kind: 'text', text: `${preamble}\nUser: ${content}\nAssistant: <think>` };
}

/**
 * What stands between the answer tags after the thinking is closed. The prompt ends in an open
 * think tag, so a completion begins inside it; nothing is ever split at the word "Assistant".
 */
function answerSection(completion: string): Span | undefined {
  const thought = completion.indexOf('</think>');
  const start = completion.indexOf('<answer>', thought);
  const end = completion.lastIndexOf('</answer>');
  return thought < 0 || start < 0 || end < start
    ? undefined
    : { start: start + '<answer>'.length, end };
}

function fence(label: string, content: string): string {
  return `\`\`\`${label}\n${content}\n\`\`\``;
}

function proposalText(
  mode: Exclude<Mode, 'induction'>,
  references: readonly Reference[],
  options: InstructionOptions,
): string {
  const asked =
    mode === 'deduction'
      ? 'predicting the output from the program and the input takes careful reasoning'
      : 'finding an input that gives the output takes careful reasoning';
  const banned =
    options.bannedWords.length > 0
      ? [`- Do not use these words: ${options.bannedWords.join(', ')}.`]
      : [];
  return [
    `Write a new Python function and one input for it, such that ${asked}.`,
    'Rules:',
    '- The function is called `f`, takes at least one argument and returns a value.',
    '- It is deterministic, finishes quickly, and does no input or output.',
    `- It may import only: ${options.allowedImports.join(', ')}.`,
    ...banned,
    "- The input is a list of Python literals as in a call, for example: [1, 2], key='x'",
    '- Returned values are built from numbers, strings, lists, tuples, dicts and sets.',
    'Give the function in one ```python block and the input in one ```input block.',
    references.length > 0 ? 'Be different from these earlier tasks:' : '',
    ...references.map((reference, index) => referenceText(reference, index + 1)),
  ]
    .filter((line) => line !== '')
    .join('\n');
}

function referenceText({ program, input, output }: Reference, number: number): string {
  return [
    `Task ${String(number)}:`,
    fence('python', program),
    fence('input', input),
    fence('output', output),
  ].join('\n');
}

function inductionProposalText(program: string, inputs: number): string {
  return [
    'Here is a Python function:',
    fence('python', program),
    `Write ${String(inputs)} different inputs for it whose outputs together reveal what it does, and a short message that hints at it without giving the code.`,
    'Give each input in its own ```input block, as a list of Python literals as in a call, and the message in one ```message block.',
  ].join('\n');
}

function solverText(question: SolverQuestion): string {
  switch (question.mode) {
    case 'deduction':
      return [
        'What does this function return for this input?',
        fence('python', question.program),
        fence('input', question.input),
        'Give the returned value as a Python literal in one ```output block.',
      ].join('\n');
    case 'abduction':
      return [
        'Find an input for which this function returns this output. Any such input is right.',
        fence('python', question.program),
        fence('output', question.output),
        'Give the arguments as Python literals, as in a call, in one ```input block.',
      ].join('\n');
    case 'induction':
      return [
        'Write a Python function `f` that gives these outputs for these inputs, and generalises to others.',
        ...question.visible.flatMap(({ input, output }) => [
          fence('input', input),
          fence('output', output),
        ]),
        `Hint: ${question.message}`,
        'Give the function in one ```python block.',
      ].join('\n');
  }
}
