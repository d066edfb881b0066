/**
 * The dialects of pretrained models: tasks in words, answers in fenced blocks. `chat` uses the
 * tokenizer's own template; `turns` does, and shows finished exchanges first; `r1` is the
 * think-and-answer template of the paper for base models.
 */
import type { Mode } from '../../../protocol/vocabulary.ts';
import {
  ZERO_TRIPLET,
  type ChatMessage,
  type Dialect,
  dialectOf,
  type DialectRules,
  type Prompt,
  type Reference,
  type SolverQuestion,
} from './dialect.ts';
import { fencedText } from './fence.ts';
import { blocksLabelled } from './fencedBlocks.ts';
import { type Span, trimmedPassage } from './span.ts';
import { afterThought, THOUGHT_END } from './thought.ts';

export interface InstructionOptions {
  readonly name: 'chat' | 'turns' | 'r1';
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
  const asked = options.name === 'turns' ? inTurns(options) : inOneMessage(options);
  const answerOf = options.name === 'r1' ? answerSection : afterThought;
  return dialectOf({
    name: options.name,
    zeroTriplet: ZERO_TRIPLET,
    ...asked,

    writeAnswer(mode, answer) {
      const block = fencedText(ANSWER_LABEL[mode], answer);
      // The prompt of `r1` ends inside an open thought.
      return options.name === 'r1' ? `\n</think>\n<answer>\n${block}\n</answer>` : block;
    },

    messageFor: () => undefined,

    locateProposal(completion) {
      const answer = answerOf(completion);
      const program = answer && blocksLabelled(completion, answer, 'python')[0];
      const input = answer && blocksLabelled(completion, answer, 'input')[0];
      return program && input ? { program, input: trimmedPassage(completion, input) } : undefined;
    },

    locateInductionProposal(completion) {
      const answer = answerOf(completion);
      if (!answer) {
        return undefined;
      }
      const inputs = blocksLabelled(completion, answer, 'input').map((input) =>
        trimmedPassage(completion, input),
      );
      const message = blocksLabelled(completion, answer, 'message').at(-1);
      return inputs.length > 0 && message
        ? { inputs, message: trimmedPassage(completion, message) }
        : undefined;
    },

    locateAnswer(mode, completion) {
      const answer = answerOf(completion);
      const block = answer && blocksLabelled(completion, answer, ANSWER_LABEL[mode]).at(-1);
      return block && trimmedPassage(completion, block);
    },
  });
}

type Questions = Pick<DialectRules, 'proposeTask' | 'proposeInduction' | 'solve'>;

function inOneMessage(options: InstructionOptions): Questions {
  const ask = options.name === 'r1' ? asThinkAndAnswer : (content: string) => asChat(content);
  return {
    proposeTask: (mode, references) => ask(proposalText(mode, references, options)),
    proposeInduction: (program, inputs) => ask(inductionProposalText(program, inputs)),
    solve: (question) => ask(solverText(question)),
  };
}

/**
 * References are the earlier turns of a proposer, after as many of the identity function as are missing
 * to make the form clear; everybody else is shown the zero triplet.
 */
function inTurns(options: InstructionOptions): Questions {
  return {
    proposeTask(mode, references) {
      const shown = [...identityTasks(LEAST_TURNS - references.length), ...references];
      const rules = proposalText(mode, [], options);
      const another = 'Write another one, different from all before, in the same form.';
      const turns = shown.map(({ program, input }, index) => ({
        asked: index === 0 ? rules : another,
        answered: `${fencedText('python', program)}\n${fencedText('input', input)}`,
      }));
      return asChat(another, turns);
    },
    proposeInduction(program, inputs) {
      const examples = IDENTITY_INPUTS.slice(0, inputs).map((input) => fencedText('input', input));
      const turn = {
        asked: inductionProposalText(ZERO_TRIPLET.program, examples.length),
        answered: [...examples, fencedText('message', IDENTITY_MESSAGE)].join('\n'),
      };
      return asChat(inductionProposalText(program, inputs), [turn]);
    },
    solve: (question) => asChat(solverText(question), [solvedIdentity(question.mode)]),
  };
}

/** A form that was shown once or twice is not yet imitated. */
const LEAST_TURNS = 3;

/** The zero triplet, and its program with other inputs. */
function identityTasks(count: number): Pick<Reference, 'program' | 'input'>[] {
  const inputs = IDENTITY_INPUTS.slice(0, Math.max(0, count));
  return inputs.map((input) => ({ program: ZERO_TRIPLET.program, input }));
}

/** Of several types, all of which the identity function gives back. */
const IDENTITY_INPUTS = ["'Hello world'", '[1, 2, 3]', '7', "{'a': 1}"] as const;
const IDENTITY_MESSAGE = 'Gives back what it is given.';

interface Turn {
  readonly asked: string;
  readonly answered: string;
}

/** How the solver's answer to the zero triplet looks. */
function solvedIdentity(mode: Mode): Turn {
  const { program, input, output } = ZERO_TRIPLET;
  switch (mode) {
    case 'deduction':
      return {
        asked: solverText({ mode, program, input }),
        answered: fencedText('output', output),
      };
    case 'abduction':
      return { asked: solverText({ mode, program, output }), answered: fencedText('input', input) };
    case 'induction': {
      const visible = IDENTITY_INPUTS.map((value) => ({ input: value, output: value }));
      return {
        asked: solverText({ mode, message: IDENTITY_MESSAGE, visible }),
        answered: fencedText('python', program),
      };
    }
  }
}

function asChat(content: string, earlier: readonly Turn[] = []): Prompt {
  const messages = earlier.flatMap(({ asked, answered }): readonly ChatMessage[] => [
    { role: 'user', content: asked },
    { role: 'assistant', content: answered },
  ]);
  return { kind: 'chat', messages: [...messages, { role: 'user', content }] };
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
  const thought = completion.indexOf(THOUGHT_END);
  const start = completion.indexOf('<answer>', thought);
  const end = completion.lastIndexOf('</answer>');
  return thought < 0 || start < 0 || end < start
    ? undefined
    : { start: start + '<answer>'.length, end };
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
    fencedText('python', program),
    fencedText('input', input),
    fencedText('output', output),
  ].join('\n');
}

function inductionProposalText(program: string, inputs: number): string {
  return [
    'Here is a Python function:',
    fencedText('python', program),
    `Write ${String(inputs)} different inputs for it whose outputs together reveal what it does, and a short message that hints at it without giving the code.`,
    'Give each input in its own ```input block, as a list of Python literals as in a call, and the message in one ```message block.',
  ].join('\n');
}

function solverText(question: SolverQuestion): string {
  switch (question.mode) {
    case 'deduction':
      return [
        'What does this function return for this input?',
        fencedText('python', question.program),
        fencedText('input', question.input),
        'Give the returned value as a Python literal in one ```output block.',
      ].join('\n');
    case 'abduction':
      return [
        'Find an input for which this function returns this output. Any such input is right.',
        fencedText('python', question.program),
        fencedText('output', question.output),
        'Give the arguments as Python literals, as in a call, in one ```input block.',
      ].join('\n');
    case 'induction':
      return [
        'Write a Python function `f` that gives these outputs for these inputs, and generalises to others.',
        ...question.visible.flatMap(({ input, output }) => [
          fencedText('input', input),
          fencedText('output', output),
        ]),
        `Hint: ${question.message}`,
        'Give the function in one ```python block.',
      ].join('\n');
  }
}
