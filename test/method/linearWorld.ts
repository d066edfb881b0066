/**
 * A world small enough to follow by hand: programs `return a * M + C` over integers, a grader that
 * works them out without Python, and a policy that plays both roles in the compact dialect.
 */
import type {
  Execution,
  Grader,
  InputOutput,
  InvalidProposal,
  Proposal,
  Validation,
  Verification,
} from '../../server/protocol/sandbox.ts';
import type { RejectionReason, VerdictReason } from '../../server/protocol/vocabulary.ts';
import type { RandomStream } from '../../server/src/method/randomStream.ts';

const LINEAR = /^def f\(a\):\n {4}return a(?: \* (\d+))?(?: \+ (\d+))?$/;

type Evaluated = { readonly output: string } | { readonly reason: RejectionReason & VerdictReason };

function evaluate(program: string, input: string): Evaluated {
  if (program.startsWith('import ')) {
    return { reason: 'forbidden-import' };
  }
  const linear = LINEAR.exec(program);
  if (!linear) {
    return { reason: program.startsWith('def f(') ? 'error' : 'syntax' };
  }
  const [, factor, addend] = linear;
  if (factor === undefined && addend === undefined) {
    return { output: input };
  }
  return /^-?\d+$/.test(input)
    ? { output: String(Number(input) * Number(factor ?? 1) + Number(addend ?? 0)) }
    : { reason: 'error' };
}

const EXECUTION: Execution = { outcome: 'ok', stdout: '', durationMs: 1, cpuMs: 1, memoryKb: 1 };

function invalid(reason: RejectionReason): InvalidProposal {
  return { valid: false, reason, message: `It is ${reason}.`, line: 1, executions: [] };
}

function validateNow(proposal: Proposal): Validation {
  const { program } = proposal;
  const inputs = proposal.mode === 'induction' ? [...new Set(proposal.inputs)] : [proposal.input];
  const examples: InputOutput[] = [];
  for (const input of inputs) {
    const evaluated = evaluate(program, input);
    if ('reason' in evaluated) {
      return invalid(evaluated.reason);
    }
    examples.push({ input, output: evaluated.output });
  }
  if (proposal.mode === 'induction' && examples.length < 3) {
    return invalid('too-few-inputs');
  }
  return {
    valid: true,
    examples,
    structure: program,
    template: program.replace(/\d+/g, 'N'),
    constructs: constructsOf(program),
    syntaxNodes: 9,
    executions: examples.map(({ output }) => ({ ...EXECUTION, output })),
  };
}

/** As the sandbox would name them. */
function constructsOf(program: string): string[] {
  const operators = [
    ...(program.includes(' + ') ? ['operator:add'] : []),
    ...(program.includes(' * ') ? ['operator:multiply'] : []),
  ];
  return [...operators, 'statement:return-only'];
}

function verified(reason: VerdictReason): Verification {
  const verdict = reason === 'equal' ? 'correct' : 'wrong';
  return { verdict, reason, message: reason, executions: [] };
}

/** Whether `program` gives every output. */
function verifyProgram(program: string, examples: readonly InputOutput[]): Verification {
  for (const { input, output } of examples) {
    const evaluated = evaluate(program, input);
    if ('reason' in evaluated) {
      return verified(evaluated.reason);
    }
    if (evaluated.output !== output) {
      return verified('different-output');
    }
  }
  return verified('equal');
}

export const linearGrader: Grader = {
  sandbox: { engine: 'linear world', pythonVersion: '', rings: [], notPromised: [] },
  async validate(proposal, signal) {
    signal?.throwIfAborted();
    return validateNow(proposal);
  },
  signature: (input) => (/^-?\d+$/.test(input) ? 'int' : undefined),
  vary: (input, random) => String(Number(input) + 1 + Math.floor(random() * 9)),
  async executeInputs(program, inputs, signal) {
    signal?.throwIfAborted();
    return inputs.flatMap((input) => {
      const evaluated = evaluate(program, input);
      return 'output' in evaluated ? [{ input, output: evaluated.output }] : [];
    });
  },
  verifyDeduction: ({ output }, answer) =>
    verified(answer === output ? 'equal' : 'different-output'),
  async verifyAbduction({ program, output }, answer, signal) {
    signal?.throwIfAborted();
    return verifyProgram(program, [{ input: answer, output }]);
  },
  async verifyInduction({ hidden }, answer, signal) {
    signal?.throwIfAborted();
    return verifyProgram(answer, hidden);
  },
};

/** Writes the completion of a prompt. */
export type Policy = (prompt: string, random: RandomStream) => string;

/** A linear program with outputs of at least six digits, so that no small input is taken for one. */
function randomProgram(random: RandomStream): string {
  const factor = 100_000 + random.integer(899_999);
  const addend = 1 + random.integer(900);
  const forms = [`a * ${factor} + ${addend}`, `a * ${factor}`, `a + ${factor}`];
  return `def f(a):\n    return ${String(random.pick(forms))}`;
}

function propose(random: RandomStream): string {
  const luck = random.next();
  if (luck < 0.1) {
    return 'no idea';
  }
  if (luck < 0.2) {
    return `import os\ndef f(a):\n    return a\n# ${random.integer(90)}`;
  }
  if (luck < 0.3) {
    return `def f(a):\n    return a / 0\n# ${random.integer(90)}`;
  }
  return `${randomProgram(random)}\n# ${1 + random.integer(90)}`;
}

function proposeInduction(prompt: string, random: RandomStream): string {
  if (random.next() < 0.1) {
    return 'no idea';
  }
  const count = Number(/(\d+) inputs\n$/.exec(prompt)?.[1]);
  const numbers = random.sample(
    Array.from({ length: 90 }, (_, index) => index + 1),
    count,
  );
  return `${numbers.map((number) => `# ${number}\n`).join('')}a line`;
}

/** The program, the shown input and the shown output of a solver's prompt. */
function partsOf(prompt: string) {
  const program = /^\[solve \w+\]\n(def f\(a\):\n {4}return [^\n]*)\n/.exec(prompt)?.[1] ?? '';
  const input = /\n# ([^\n]*)\n-> $/.exec(prompt)?.[1] ?? '';
  const output = /\n-> ([^\n]*)\n# $/.exec(prompt)?.[1] ?? '';
  return { program, input, output };
}

function rightAnswer(prompt: string): string {
  const { program, input, output } = partsOf(prompt);
  if (prompt.startsWith('[solve deduction]')) {
    const evaluated = evaluate(program, input);
    return 'output' in evaluated ? evaluated.output : 'None';
  }
  if (prompt.startsWith('[solve abduction]')) {
    const [, factor = '1', addend = '0'] = LINEAR.exec(program) ?? [];
    const identity = factor === '1' && addend === '0';
    return identity ? output : String((Number(output) - Number(addend)) / Number(factor));
  }
  const shown = [...prompt.matchAll(/# (-?\d+)\n-> (-?\d+)\n/g)];
  const [[, x0 = '0', y0 = '0'] = [], [, x1 = '1', y1 = '0'] = []] = shown;
  const factor = (Number(y1) - Number(y0)) / (Number(x1) - Number(x0));
  return `def f(a):\n    return a * ${factor} + ${Number(y0) - factor * Number(x0)}`;
}

/** Knows every answer, but says it for some tasks never, for some half of the time, for some always. */
export const linearPolicy: Policy = (prompt, random) => {
  if (prompt.startsWith('[propose induction]')) {
    return proposeInduction(prompt, random);
  }
  if (prompt.startsWith('[propose')) {
    return propose(random);
  }
  const skill = [0, 0.5, 0.5, 0.5, 1][prompt.length % 5] ?? 0.5;
  const luck = random.next();
  return luck < 0.05 ? ' ' : random.next() < skill ? rightAnswer(prompt) : '-1';
};
