/**
 * The dialect of the embedded model: no prose, no thinking, the fewest tokens that say what is
 * asked. Its pretraining corpus is written in it, so a change here needs a new model.
 */
import { ZERO_TRIPLET, type Dialect, type Prompt, type SolverQuestion } from './dialect.ts';

const INPUT_LINE = '\n# ';
const INPUT_MARK = '# ';

export const compactDialect: Dialect = {
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

  readProposal(completion) {
    const split = completion.lastIndexOf(INPUT_LINE);
    const program = completion.slice(0, Math.max(split, 0)).trimEnd();
    const input = completion.slice(split + INPUT_LINE.length).trim();
    return split < 0 || program === '' || input === '' || input.includes('\n')
      ? undefined
      : { program, input };
  },

  readInductionProposal(completion) {
    const lines = completion.trimEnd().split('\n');
    const message = lines.pop()?.trim() ?? '';
    const wellFormed = lines.length > 0 && lines.every((line) => line.startsWith(INPUT_MARK));
    if (!wellFormed || message === '' || message.startsWith(INPUT_MARK)) {
      return undefined;
    }
    return { inputs: lines.map((line) => line.slice(INPUT_MARK.length).trim()), message };
  },

  readAnswer(_mode, completion) {
    const answer = completion.trim();
    return answer === '' ? undefined : answer;
  },
};

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
