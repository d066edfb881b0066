/**
 * Why an answer was judged as it was, in a sentence. The run keeps the reason and the executions; the
 * values that decided are put beside each other here.
 */
import type { RolloutRecord } from '../../../protocol/records.ts';
import type { SolvableTask } from '../../method/solve.ts';
import { excerpt, sameValue } from '../../grading/validateProposal.ts';
import { judgeOutput } from '../../grading/verifyAnswer.ts';

export function answerExplanation(rollout: RolloutRecord, task: SolvableTask): string {
  const { verdictReason, answer, executions, mode } = rollout;
  switch (verdictReason) {
    case undefined:
      return 'It was not judged.';
    case 'equal':
      return 'The answer gives the expected value.';
    case 'truncated':
      return 'The completion reached its length limit before an answer was whole.';
    case 'format':
      return 'The completion does not have the form the solver was asked for.';
    case 'non-deterministic':
      return 'The program gave every hidden output in one run, but not in another.';
    default:
  }
  const failed = executions.find(({ outcome }) => outcome !== 'ok');
  if (failed?.message !== undefined && failed.outcome === verdictReason) return failed.message;
  if (answer === undefined) return `It was judged ${verdictReason}.`;
  const { output } = task.examples[0]!;
  if (mode === 'deduction') return judgeOutput({ output }, answer).message;
  if (verdictReason === 'different-output' && executions[0]?.output !== undefined) {
    return `With this input the program gives ${excerpt(executions[0].output)}, not ${excerpt(output)}.`;
  }
  if (verdictReason === 'hidden-example-failed') {
    return hiddenFailure(rollout, task) ?? 'A hidden example gave another value.';
  }
  return `It was judged ${verdictReason}; equal answers are executed once, and the first one has the details.`;
}

function hiddenFailure({ executions }: RolloutRecord, task: SolvableTask): string | undefined {
  for (const [index, { input, output }] of task.examples.slice(task.visible).entries()) {
    const given = executions[index]?.output;
    if (given !== undefined && !sameValue(given, output)) {
      return `For the hidden input ${excerpt(input)} the program gives ${excerpt(given)}, not ${excerpt(output)}.`;
    }
  }
  return undefined;
}
