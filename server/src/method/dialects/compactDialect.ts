/**
 * The dialect of the embedded model: no prose, no thinking, the fewest tokens that say what is
 * asked. Its pretraining corpus is written in it, so a change here needs a new model.
 */
import type { InputOutput } from '../../../protocol/sandbox.ts';
import {
  type Dialect,
  dialectOf,
  type Prompt,
  type SolverQuestion,
  ZERO_TRIPLET,
} from './dialect.ts';
import { isEmptySpan, passageAt, type Span, textAt, trimmedSpan } from './span.ts';

const INPUT_LINE = '\n# ';
const INPUT_MARK = '# ';

export const compactDialect: Dialect = dialectOf({
  name: 'compact',
  zeroTriplet: ZERO_TRIPLET,

  proposeTask(mode, references) {
    const shown = references
      .map(({ program, input, output }) => `${program}\n# ${input}\n-> ${output}\n\n`)
      .join('');
    return text(`[propose ${mode}]\n${shown}`);
  },

  proposeInduction(program, inputs) {
    return text(`[propose induction]\n${program}\n${String(inputs)} inputs\n`);
  },

  solve(question) {
    return text(`[solve ${question.mode}]\n${body(question)}`);
  },

  writeAnswer: (_mode, answer) => answer,
  messageFor: typeLine,

  locateProposal(completion) {
    const split = completion.lastIndexOf(INPUT_LINE);
    if (split < 0) {
      return undefined;
    }
    const program = { start: 0, end: completion.slice(0, split).trimEnd().length };
    const input = trimmedSpan(completion, {
      start: split + INPUT_LINE.length,
      end: completion.length,
    });
    const wrong =
      isEmptySpan(program) || isEmptySpan(input) || textAt(completion, input).includes('\n');
    return wrong
      ? undefined
      : { program: passageAt(completion, program), input: passageAt(completion, input) };
  },

  locateInductionProposal(completion) {
    const lines = linesOf(completion.trimEnd());
    const last = lines.pop();
    const message = last && trimmedSpan(completion, last);
    const isInput = (span: Span) => textAt(completion, span).startsWith(INPUT_MARK);
    if (!message || isEmptySpan(message) || isInput(message) || lines.length === 0) {
      return undefined;
    }
    if (!lines.every(isInput)) {
      return undefined;
    }
    const inputs = lines.map(({ start, end }) =>
      passageAt(completion, trimmedSpan(completion, { start: start + INPUT_MARK.length, end })),
    );
    return { inputs, message: passageAt(completion, message) };
  },

  locateAnswer(_mode, completion) {
    const answer = trimmedSpan(completion, { start: 0, end: completion.length });
    return isEmptySpan(answer) ? undefined : passageAt(completion, answer);
  },
});

/** `str and int to list`: what the model's corpus tells of a program; undefined where the pairs differ in it. */
function typeLine(examples: readonly InputOutput[]): string | undefined {
  const lines = new Set(examples.map(({ input, output }) => typesOf(input, output)));
  const [line] = lines;
  return lines.size === 1 ? line : undefined;
}

function typesOf(input: string, output: string): string | undefined {
  const types = [...topLevelParts(input), output].map(typeName);
  const result = types.pop();
  return types.includes(undefined) ? undefined : result && `${types.join(' and ')} to ${result}`;
}

function typeName(literal: string): string | undefined {
  if (literal.startsWith('[')) return 'list';
  if (literal === 'True' || literal === 'False') return 'bool';
  if (/^['"]/.test(literal)) return 'str';
  return /^-?\d+$/.test(literal) ? 'int' : undefined;
}

/** The arguments of a canonical input: parted by commas that stand in no bracket and no string. */
function topLevelParts(input: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let depth = 0;
  for (const { 0: piece, index } of input.matchAll(/'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^'"]/g)) {
    if ('[({'.includes(piece)) depth += 1;
    else if ('])}'.includes(piece)) depth -= 1;
    else if (piece === ',' && depth === 0) {
      parts.push(input.slice(start, index));
      start = index + 1;
    }
  }
  return [...parts, input.slice(start)].map((part) => part.trim());
}

function linesOf(completion: string): Span[] {
  let start = 0;
  return completion.split('\n').map((line) => {
    const span = { start, end: start + line.length };
    start = span.end + 1;
    return span;
  });
}

function text(content: string): Prompt {
  return { kind: 'text', text: content };
}

function body(question: SolverQuestion): string {
  switch (question.mode) {
    case 'deduction':
      return `${question.program}\n# ${question.input}\n-> `;
    case 'abduction':
      return `${question.program}\n-> ${question.output}\n# `;
    case 'induction': {
      const shown = question.visible.map(({ input, output }) => `# ${input}\n-> ${output}\n`);
      return `${question.message}\n${shown.join('')}`;
    }
  }
}
