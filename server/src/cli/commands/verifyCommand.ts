import { ProblemError } from '../../../protocol/problem.ts';
import type { InputOutput, Verification } from '../../../protocol/sandbox.ts';
import type { Mode } from '../../../protocol/vocabulary.ts';
import { parseArguments, parseLiteral } from '../../literal/parse.ts';
import type { OpenGrader } from '../../run/openGrader.ts';
import type { Command } from '../command.ts';
import type { Answer, GradingCommand, OptionValues } from './gradingCommand.ts';
import { GRADING_HELP, readProgram, runGradingCommand } from './gradingCommand.ts';
import { PAIRS_SCHEMA, RequestReader, requestSchema, schemaByMode } from '../requestSchema.ts';

interface VerifyRequest {
  readonly mode: Mode;
  readonly program?: string;
  readonly input?: string;
  readonly output?: string;
  readonly examples?: readonly InputOutput[];
  readonly hidden?: readonly InputOutput[];
  readonly answer: string;
}

const texts = ['program', 'input', 'output', 'answer'];
const pairs = { examples: PAIRS_SCHEMA, hidden: PAIRS_SCHEMA };

const verify: GradingCommand<VerifyRequest> = {
  name: 'verify',
  options: {
    mode: { type: 'string' },
    program: { type: 'string' },
    input: { type: 'string' },
    output: { type: 'string' },
    hidden: { type: 'string', multiple: true },
    answer: { type: 'string' },
    'answer-file': { type: 'string' },
  },
  requests: new RequestReader(
    schemaByMode({
      deduction: requestSchema(['mode', 'answer'], texts, pairs),
      abduction: requestSchema(['mode', 'program', 'answer'], texts, pairs),
      induction: requestSchema(['mode', 'answer'], texts, pairs),
    }),
    { mode: 'deduction', output: '[1, 2]', answer: '[1, 2]' },
  ),

  async requestFromOptions(values: OptionValues) {
    const { mode = 'deduction', program, input, output, hidden, answer } = values;
    const answerFile = values['answer-file'];
    return {
      mode,
      ...(program !== undefined && { program: await readProgram(program as string) }),
      ...(input !== undefined && { input }),
      ...(output !== undefined && { output }),
      ...(hidden !== undefined && { hidden: (hidden as string[]).map(parsePair) }),
      ...(answer !== undefined && { answer }),
      ...(answerFile !== undefined && { answer: await readProgram(answerFile as string) }),
    };
  },

  async answer(request: VerifyRequest, open: OpenGrader): Promise<Answer> {
    const verification = await verifyRequest(request, open);
    const { verdict, reason, message } = verification;
    return {
      json: { verdict, reason, message },
      text: `${verdict}, ${reason}: ${message}`,
      good: verdict === 'correct',
    };
  },
};

export const verifyCommand: Command = {
  name: 'verify',
  summary: 'Decide whether an answer to a task is correct.',
  help: `azr verify --mode <mode> [--program <file.py>] [--output <literal>] --answer <text> [options]
       azr verify < answers.jsonl > verdicts.jsonl

Judges an answer as a run does: a deduction's by value, an abduction's and an induction's by
execution in the sandbox.

  --mode <mode>             deduction (default), abduction or induction
  --program <file.py>       the task's program; - reads it from standard input
  --input <arguments>       the task's input, where no --output is given: the program is run on it
  --output <literal>        the task's output
  --hidden <in> => <out>    induction: a hidden pair, as often as needed: "[1, 2] => 3"
  --answer <text>           the answer: a literal, an argument list, or a program
  --answer-file <file>      the answer, read from a file; - reads standard input
${GRADING_HELP}

Request, one JSON object per line:
  {"mode": "deduction", "output": "[1, 2]", "answer": "[1, 2]"}
  {"mode": "abduction", "program": "def f(a): return a + a", "output": "4", "answer": "2"}
  {"mode": "induction", "hidden": [{"input": "2", "output": "4"}], "answer": "def f(a): return a * 2"}
Without "output", "program" is run on "input"; without "hidden", "examples" decide.
Answer, one JSON object per line, in the same order:
  {"verdict": "correct", "reason": "equal", "message": "…"}
  {"verdict": "wrong", "reason": "timeout", "message": "…"}`,
  run: (argumentList) => runGradingCommand(verify, argumentList),
};

async function verifyRequest(request: VerifyRequest, open: OpenGrader): Promise<Verification> {
  const { grader } = open;
  const { mode, program = '', answer } = request;
  switch (mode) {
    case 'deduction':
      return grader.verifyDeduction({ output: await goldOutput(request, open) }, answer);
    case 'abduction':
      return grader.verifyAbduction({ program, output: await goldOutput(request, open) }, answer);
    case 'induction': {
      const hidden = request.hidden ?? request.examples;
      if (hidden === undefined) throw badRequest('"hidden" is missing.');
      for (const pair of hidden) {
        requireReadable('hidden.input', parseArguments(pair.input));
        requireReadable('hidden.output', parseLiteral(pair.output));
      }
      return grader.verifyInduction({ hidden }, answer);
    }
  }
}

/** The output that the request states, else what its program gives. */
async function goldOutput(request: VerifyRequest, { sandbox }: OpenGrader): Promise<string> {
  if (request.output !== undefined) {
    requireReadable('output', parseLiteral(request.output));
    return request.output;
  }
  const { program, input } = request;
  if (program === undefined || input === undefined) {
    throw badRequest('"output" is missing, and so is "program" or "input" to compute it from.');
  }
  const execution = await sandbox.run(program, input, { priority: 'user' });
  if (execution.output === undefined) {
    const why = `${execution.outcome}: ${execution.message ?? ''}`;
    throw badRequest(`"output" is missing, and the program does not give one (${why}).`);
  }
  return execution.output;
}

/** What a request states as true must be a literal; what an answer claims is judged instead. */
function requireReadable(
  key: string,
  parsed:
    { readonly ok: true } | { readonly ok: false; readonly error: { readonly message: string } },
): void {
  if (!parsed.ok) throw badRequest(`"${key}" is not a Python literal: ${parsed.error.message}`);
}

function badRequest(message: string): ProblemError {
  return new ProblemError({
    code: 'bad-request',
    message,
    remedy: '"azr verify --help" shows what to send.',
  });
}

function parsePair(pair: string): InputOutput {
  const [input, output, ...more] = pair.split('=>');
  if (input === undefined || output === undefined || more.length > 0) {
    throw new ProblemError({
      code: 'usage',
      message: `--hidden takes "<input> => <output>", not "${pair}".`,
      remedy: 'Quote the pair.',
    });
  }
  return { input: input.trim(), output: output.trim() };
}
