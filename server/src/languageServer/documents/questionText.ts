/** A question in words, as suites of an evaluation have them: a deduction task without a program. */
import type { TaskRecord } from '../../../protocol/records.ts';
import type { DocumentBuilder, Part } from './documentBuilder.ts';
import { MODE_NAMES, MODE_SENTENCES } from './modeText.ts';

export function isQuestion({ mode, program }: Pick<TaskRecord, 'mode' | 'program'>): boolean {
  return mode === 'deduction' && program === '';
}

/** What kind of task it is, for the first line of its documents. */
export function taskKind(task: Pick<TaskRecord, 'mode' | 'program'>): Part[] {
  const { mode } = task;
  if (isQuestion(task)) return ['Question: the solver reads it, and must say the value.'];
  return [{ text: MODE_NAMES[mode], term: mode }, `: ${MODE_SENTENCES[mode]}`];
}

/** The question, and the value that is right. */
export function writeQuestion(
  builder: DocumentBuilder,
  { message, examples }: Pick<TaskRecord, 'message' | 'examples'>,
): void {
  const firstLine = builder.nextLine;
  builder.comment('Question:').commentText(message ?? '');
  builder.comment({ text: 'Gold value', term: 'gold' }, ':').commentText(examples[0]!.output);
  builder.section('Question', 'examples', firstLine);
}
