/**
 * From a solver's answer to a verdict. Expected outputs are compared here, outside the jail, as
 * values; no program ever sees one.
 */
import type { Execution, InputOutput, Verification } from '../../protocol/sandbox.ts';
import type { Verdict, VerdictReason } from '../../protocol/vocabulary.ts';
import { canonicalKey } from '../literal/canonicalKey.ts';
import { closeValues } from '../literal/closeValues.ts';
import { formatArguments } from '../literal/format.ts';
import { parseArguments, parseLiteral } from '../literal/parse.ts';
import { checkInspection, checkText, type GateRefusal } from './staticGate.ts';
import { excerpt, type GradingContext, notLiteral, sameValue } from './validateProposal.ts';

/** Deduction: the answer must be a literal equal to `output`. Nothing is run. */
export function judgeOutput(task: { readonly output: string }, answer: string): Verification {
  const parsed = parseLiteral(answer);
  if (!parsed.ok) {
    const message = `The answer is not a literal: ${parsed.error.message}`;
    return judged('malformed', 'not-a-literal', message);
  }
  const expected = parseLiteral(task.output);
  if (!expected.ok)
    throw new Error(`The task's output is not a literal: ${expected.error.message}`);
  if (canonicalKey(parsed.value) === canonicalKey(expected.value)) return correct([]);
  const message = `The answer is ${excerpt(answer.trim())}; the program gives ${excerpt(task.output)}.`;
  return judged('wrong', 'different-output', message);
}

/** Abduction: with the answer as its input, the program must give `output`. */
export async function judgeInput(
  { sandbox, limits }: GradingContext,
  task: { readonly program: string; readonly output: string },
  answer: string,
  signal: AbortSignal | undefined,
): Promise<Verification> {
  const parsed = parseArguments(answer);
  if (!parsed.ok) return judged('malformed', 'not-a-literal', notLiteral(parsed.error.message));
  const input = formatArguments(parsed.value);
  const options = { limits, variant: 0, ...(signal && { signal }) } as const;
  const execution = await sandbox.run(task.program, input, options);
  if (execution.outcome !== 'ok') return failed(execution, [execution]);
  if (sameValue(execution.output!, task.output)) return correct([execution]);
  const message = `With this input the program gives ${excerpt(execution.output!)}, not ${excerpt(task.output)}.`;
  return judged('wrong', 'different-output', message, [execution]);
}

/** Induction: the program in the answer must give every hidden output, twice. */
export async function judgeProgram(
  context: GradingContext,
  task: { readonly hidden: readonly InputOutput[]; readonly tolerance?: number },
  answer: string,
  signal: AbortSignal | undefined,
): Promise<Verification> {
  const { hidden } = task;
  if (hidden.length === 0)
    throw new Error('An induction task without hidden examples proves nothing.');
  const { sandbox, rules, limits } = context;
  const options = { limits, ...(signal && { signal }) };
  const text = checkText(answer, rules);
  if (text !== undefined) return refused(text);
  const refusal = checkInspection(await sandbox.inspect(answer, options), rules);
  if (refusal !== undefined) return refused(refusal);

  const inputs = hidden.map(({ input }) => input);
  const first = await sandbox.runBatch(answer, inputs, { ...options, variant: 0 });
  const failure = firstFailure(first, task, first);
  if (failure !== undefined) return failure;

  // Only right answers cost a second run: under another hash seed and in reverse order.
  const reversed = await sandbox.runBatch(answer, inputs.toReversed(), { ...options, variant: 1 });
  const second = reversed.toReversed();
  const executions = [...first, ...second];
  const contradiction = firstFailure(second, task, executions);
  if (contradiction === undefined) return correct(executions);
  if (contradiction.reason === 'timeout' || contradiction.reason === 'unavailable') {
    return contradiction;
  }
  const message = 'The program gave every hidden output in one run, but not in another.';
  return judged('wrong', 'non-deterministic', message, executions);
}

function firstFailure(
  executions: readonly Execution[],
  { hidden, tolerance }: { readonly hidden: readonly InputOutput[]; readonly tolerance?: number },
  shown: readonly Execution[],
): Verification | undefined {
  for (const [index, { input, output }] of hidden.entries()) {
    const execution = executions[index]!;
    if (execution.outcome !== 'ok') return failed(execution, shown);
    if (!isExpected(execution.output!, output, tolerance)) {
      const message = `For the hidden input ${excerpt(input)} the program gives ${excerpt(execution.output!)}, not ${excerpt(output)}.`;
      return judged('wrong', 'hidden-example-failed', message, shown);
    }
  }
  return undefined;
}

function isExpected(given: string, expected: string, tolerance: number | undefined): boolean {
  if (tolerance === undefined || given === expected) return sameValue(given, expected);
  const [first, second] = [parseLiteral(given), parseLiteral(expected)];
  return first.ok && second.ok && closeValues(first.value, second.value, tolerance);
}

/** A text that is not a program at all is malformed; a program that breaks a rule is wrong. */
function refused({ reason, message }: GateRefusal): Verification {
  if (reason === 'no-parameter') throw new Error('Answers need no parameter.');
  const unreadable = reason === 'syntax' || reason === 'no-entry-function' || reason === 'format';
  return judged(unreadable ? 'malformed' : 'wrong', reason, message);
}

function correct(executions: readonly Execution[]): Verification {
  return judged('correct', 'equal', 'The answer gives the expected value.', executions);
}

function failed(execution: Execution, executions: readonly Execution[]): Verification {
  const { outcome, message } = execution;
  if (outcome === 'ok') throw new Error('An execution that went well is not a failure.');
  // Only running it shows that the name f is bound to something that is not a function.
  const verdict = outcome === 'no-entry-function' ? 'malformed' : 'wrong';
  return judged(verdict, outcome, message ?? outcome, executions);
}

function judged(
  verdict: Verdict,
  reason: VerdictReason,
  message: string,
  executions: readonly Execution[] = [],
): Verification {
  return { verdict, reason, message, executions };
}
