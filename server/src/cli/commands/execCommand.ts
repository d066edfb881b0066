import type { Execution } from '../../../protocol/sandbox.ts';
import type { OpenGrader } from '../../run/openGrader.ts';
import type { Command } from '../command.ts';
import type { Answer, GradingCommand, OptionValues } from './gradingCommand.ts';
import { GRADING_HELP, readProgram, runGradingCommand } from './gradingCommand.ts';
import { RequestReader, requestSchema } from '../requestSchema.ts';

interface ExecRequest {
  readonly program: string;
  readonly input: string;
}

const exec: GradingCommand<ExecRequest> = {
  name: 'exec',
  options: { program: { type: 'string' }, input: { type: 'string' } },
  requests: new RequestReader(requestSchema(['program', 'input'], ['program', 'input']), {
    program: 'def f(a):\n    return a + a',
    input: '[1, 2]',
  }),

  async requestFromOptions({ program, input }: OptionValues) {
    return {
      ...(program !== undefined && { program: await readProgram(program as string) }),
      input: input ?? '',
    };
  },

  async answer({ program, input }: ExecRequest, { sandbox }: OpenGrader): Promise<Answer> {
    const execution = await sandbox.run(program, input, { priority: 'user' });
    return { json: execution, text: executionText(execution), good: execution.outcome === 'ok' };
  },
};

export const execCommand: Command = {
  name: 'exec',
  summary: 'Run a Python program in the sandbox.',
  help: `azr exec --program <file.py> --input <arguments> [options]
       azr exec < requests.jsonl > executions.jsonl

Calls the function f of a program in the sandbox. The input is its argument list as Python literals.

  --program <file.py>       the program; - reads it from standard input
  --input <arguments>       for example "[1, 2], 'x'"; nothing for no arguments
${GRADING_HELP}

Request, one JSON object per line:
  {"program": "def f(a): return a + a", "input": "[1, 2]"}
Answer, one JSON object per line, in the same order:
  {"outcome": "ok", "output": "[1, 2, 1, 2]", "stdout": "", "durationMs": 0.1, …}
  {"outcome": "error", "message": "…", "line": 2, …}
  {"error": {"code": "bad-json", "message": "…", "line": 3}}   for a line that is not a request`,
  run: (argumentList) => runGradingCommand(exec, argumentList),
};

function executionText(execution: Execution): string {
  const { outcome, output, message, line, stdout, durationMs } = execution;
  const place = line === undefined ? '' : ` (line ${line})`;
  const result = output ?? `${outcome}${place}: ${message ?? ''}`;
  return `${stdout}${result}\n${outcome} after ${durationMs.toFixed(1)} ms`;
}
