import type { Proposal, Validation } from '../../../protocol/sandbox.ts';
import type { OpenGrader } from '../../run/openGrader.ts';
import type { Command } from '../command.ts';
import type { Answer, GradingCommand, OptionValues } from './gradingCommand.ts';
import { GRADING_HELP, readProgram, runGradingCommand } from './gradingCommand.ts';
import { RequestReader, requestSchema, schemaByMode } from '../requestSchema.ts';

const programRequest = requestSchema(['mode', 'program', 'input'], ['program', 'input']);
const inductionRequest = requestSchema(
  ['mode', 'program', 'inputs', 'message'],
  ['program', 'message'],
  { inputs: { type: 'array', items: { type: 'string' } } },
);

const validate: GradingCommand<Proposal> = {
  name: 'validate',
  options: {
    mode: { type: 'string' },
    program: { type: 'string' },
    input: { type: 'string', multiple: true },
    message: { type: 'string' },
  },
  requests: new RequestReader(
    schemaByMode({
      deduction: programRequest,
      abduction: programRequest,
      induction: inductionRequest,
    }),
    { mode: 'deduction', program: 'def f(a):\n    return a + a', input: '[1, 2]' },
  ),

  async requestFromOptions({ mode = 'deduction', program, input, message }: OptionValues) {
    const inputs = input as string[] | undefined;
    return {
      mode,
      ...(program !== undefined && { program: await readProgram(program as string) }),
      ...(message !== undefined && { message }),
      ...(mode === 'induction' ? { inputs } : { input: inputs?.[0] }),
    };
  },

  async answer(proposal: Proposal, { grader }: OpenGrader): Promise<Answer> {
    const validation = await grader.validate(proposal);
    return {
      json: validationData(proposal, validation),
      text: validationText(validation),
      good: validation.valid,
    };
  },
};

export const validateCommand: Command = {
  name: 'validate',
  summary: 'Decide whether a proposal is a valid task.',
  help: `azr validate --mode <mode> --program <file.py> --input <arguments>… [options]
       azr validate < proposals.jsonl > validations.jsonl

Applies what a proposal of a run must pass: the rules, execution, determinism across processes.

  --mode <mode>             deduction (default), abduction or induction
  --program <file.py>       the program; - reads it from standard input
  --input <arguments>       its argument list as Python literals; several of them for induction
  --message <text>          induction: what the solver is told
${GRADING_HELP}

Request, one JSON object per line:
  {"mode": "abduction", "program": "def f(a): return a + a", "input": "[1, 2]"}
  {"mode": "induction", "program": "…", "inputs": ["1", "2", "3"], "message": "…"}
Answer, one JSON object per line, in the same order:
  {"valid": true, "output": "[1, 2, 1, 2]", "examples": [{"input": …, "output": …}], …}
  {"valid": false, "reason": "non-deterministic", "message": "…"}`,
  run: (argumentList) => runGradingCommand(validate, argumentList),
};

function validationData(proposal: Proposal, validation: Validation): object {
  if (!validation.valid) {
    const { valid, reason, message, line } = validation;
    return { valid, reason, message, ...(line !== undefined && { line }) };
  }
  const { valid, examples, structure, template, constructs, syntaxNodes } = validation;
  const output = proposal.mode === 'induction' ? undefined : examples[0]?.output;
  return {
    valid,
    ...(output !== undefined && { output }),
    examples,
    structure,
    template,
    constructs,
    syntaxNodes,
  };
}

function validationText(validation: Validation): string {
  if (!validation.valid) {
    const place = validation.line === undefined ? '' : ` (line ${validation.line})`;
    return `invalid, ${validation.reason}${place}: ${validation.message}`;
  }
  const pairs = validation.examples.map(({ input, output }) => `f(${input}) = ${output}`);
  return ['valid', ...pairs].join('\n');
}
