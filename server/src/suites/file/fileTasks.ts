/** Lines of a user's file as tasks, or a sentence that says what is wrong with one, without a full stop. */
import type { HeldOutTask } from '../../../protocol/heldOut.ts';
import type { InputOutput } from '../../../protocol/sandbox.ts';
import { judgeOutput } from '../../grading/verifyAnswer.ts';
import { formatArguments, formatLiteral } from '../../literal/format.ts';
import { parseArguments, parseLiteral } from '../../literal/parse.ts';
import { functionTolerance } from '../gold.ts';
import { withCall } from '../reading/callAdapter.ts';
import { suiteGrader } from '../suiteRules.ts';
import type { LoadContext } from '../suite.ts';
import type { ProgramLine, TestedLine } from './fileLine.ts';

/** The output is asked for, and the input: once the sandbox has seen the pair come true. */
export async function programTasks(
  id: string,
  { program, input, output }: ProgramLine,
  { sandbox, signal }: LoadContext,
): Promise<readonly HeldOutTask[] | string> {
  const wrong =
    unreadable('"input"', parseArguments(input)) ?? unreadable('"output"', parseLiteral(output));
  if (wrong !== undefined) return wrong;
  const proposal = { mode: 'deduction', program, input } as const;
  const validation = await suiteGrader(sandbox).validate(proposal, signal);
  if (!validation.valid) return `its program is refused: ${sentence(validation.message)}`;
  const { examples } = validation;
  const { verdict, message } = judgeOutput({ output: examples[0]!.output }, output);
  if (verdict !== 'correct') return `its "output" does not come true: ${sentence(message)}`;
  return [
    { mode: 'deduction', program, examples, visible: 0, stratum: 'output', itemId: id },
    { mode: 'abduction', program, examples, visible: 0, stratum: 'input', itemId: id },
  ];
}

/** There is no reference; the tests are believed. All of them are hidden. */
export function testedTask(
  id: string,
  { prompt, entry_point: entry, tests }: TestedLine,
): readonly HeldOutTask[] | string {
  const examples: InputOutput[] = [];
  for (const [index, { input, output }] of tests.entries()) {
    const [call, result] = [parseArguments(input), parseLiteral(output)];
    const name = `of test ${index + 1}`;
    const wrong = unreadable(`"input" ${name}`, call) ?? unreadable(`"output" ${name}`, result);
    if (wrong !== undefined) return wrong;
    if (call.ok && result.ok) {
      examples.push({ input: formatArguments(call.value), output: formatLiteral(result.value) });
    }
  }
  const program = withCall('', { entry, adaptation: 'plain' });
  const tolerance = functionTolerance(examples);
  return [
    { mode: 'induction', program, examples, visible: 0, message: prompt, itemId: id, tolerance },
  ];
}

function unreadable(
  name: string,
  parsed:
    { readonly ok: true } | { readonly ok: false; readonly error: { readonly message: string } },
): string | undefined {
  return parsed.ok
    ? undefined
    : `its ${name} is not made of literals: ${sentence(parsed.error.message)}`;
}

/** Goes into another sentence, which has a full stop of its own. */
function sentence(message: string): string {
  return message.replace(/\.$/, '');
}
