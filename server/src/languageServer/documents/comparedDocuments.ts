/** The two sides of a comparison: the task's own, and the same with the answer in its place. */
import type { RolloutRecord } from '../../../protocol/records.ts';
import type { SolvableTask } from '../../method/asking.ts';
import { completionText } from './prunedCompletion.ts';
import { parseArguments } from '../../literal/parse.ts';
import type { AzrDocument } from './azrDocument.ts';
import { DocumentBuilder } from './documentBuilder.ts';
import { entryFunction } from './entryFunction.ts';
import { isPlain } from './shownText.ts';

/** The program; for deduction and abduction with its call and gold value. */
export function referenceDocument(task: SolvableTask): AzrDocument {
  const builder = new DocumentBuilder();
  builder.program(task.program, 'Program');
  if (task.mode !== 'induction') {
    const { input, output } = task.examples[0]!;
    builder.blank().call({ name: entryFunction(task.program), input }, output);
  }
  return builder.build(undefined);
}

/** What {@link referenceDocument} would be if the answer were right. */
export function answeredDocument(rollout: RolloutRecord, task: SolvableTask): AzrDocument {
  const builder = new DocumentBuilder();
  const { answer } = rollout;
  if (answer === undefined) {
    builder
      .comment('No answer could be read from the completion:')
      .commentText(completionText(rollout));
  } else if (rollout.mode === 'induction') {
    builder.program(answer, 'Answer');
  } else {
    const { input } = task.examples[0]!;
    builder.program(task.program, 'Program');
    builder.blank();
    writeAnsweredCall(builder, entryFunction(task.program), input, rollout, answer);
  }
  return builder.build(undefined);
}

/** The call as code when it is one, so that it differs from the reference in the answer alone. */
function writeAnsweredCall(
  builder: DocumentBuilder,
  name: string,
  input: string,
  { mode, executions }: RolloutRecord,
  answer: string,
): void {
  if (mode === 'deduction') {
    builder.call({ name, input }, answer);
    return;
  }
  const value = executions[0]?.output ?? 'no value';
  const isCall = parseArguments(answer).ok && isPlain(answer);
  if (isCall) builder.call({ name, input: answer.trim() }, value);
  else builder.comment(`${name}(${answer})  → ${value}`);
}
