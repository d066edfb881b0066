/** One solver's answer: the task, the answer in its place, the verdict and why. */
import type { RolloutRecord, TaskRecord } from '../../../protocol/records.ts';
import type { RunId } from '../../../protocol/runs.ts';
import { completionText } from './prunedCompletion.ts';
import { parseArguments, parseLiteral } from '../../literal/parse.ts';
import type { AzrDocument, DocumentFacts } from './azrDocument.ts';
import { DocumentBuilder, type Part } from './documentBuilder.ts';
import { isQuestion, taskKind, writeQuestion } from './questionText.ts';
import { linkTo } from './documentLinks.ts';
import { entryFunction } from './entryFunction.ts';
import { hasUnseen, isPlain, numberText } from './shownText.ts';

export interface AnswerContext {
  readonly runId: RunId;
  readonly runName: string;
  readonly rollout: RolloutRecord;
  readonly task: TaskRecord;
}

export function answerDocument(context: AnswerContext): AzrDocument {
  const { rollout, task } = context;
  const explanation = rollout.verdictMessage ?? 'It was not judged.';
  const builder = new DocumentBuilder();
  writeHeader(builder, context, explanation);
  builder.section('Verdict', 'header', 0).blank();
  const answerLine =
    rollout.mode === 'induction'
      ? writeWrittenProgram(builder, rollout, task)
      : writeValueAnswer(builder, rollout, task);
  writeVerdictHint(builder, rollout, answerLine, explanation);
  if (rollout.verdict !== 'correct' && rollout.verdictReason !== undefined) {
    const failedLine = rollout.executions.find(({ outcome }) => outcome !== 'ok')?.line;
    const inProgram = rollout.mode === 'induction' && failedLine !== undefined;
    builder.problem(inProgram ? answerLine + failedLine - 1 : answerLine, {
      severity: 'warning',
      code: rollout.verdictReason,
      message: `${rollout.verdict ?? 'not judged'}: ${explanation}`,
    });
  }
  return builder.build(factsOf(context));
}

function writeHeader(
  builder: DocumentBuilder,
  { runId, runName, rollout, task }: AnswerContext,
  explanation: string,
): void {
  const { mode, verdict = 'not judged', verdictReason, reward, advantage } = rollout;
  const numbers: Part[] = [];
  if (reward !== undefined) {
    numbers.push('; ', { text: 'reward', term: 'solver-reward' }, ` ${numberText(reward)}`);
  }
  if (advantage !== undefined) {
    numbers.push(', ', { text: 'advantage', term: 'advantage' }, ` ${numberText(advantage)}`);
  }
  builder
    .comment(...taskKind(task))
    .comment('Verdict: ', { text: verdict, term: `verdict:${verdict}` }, ...numbers, '.');
  if (verdictReason !== undefined) {
    const term = `reason:${verdictReason}`;
    builder.comment('Reason: ', { text: verdictReason, term }, `: ${explanation}`);
  }
  builder.comment(
    `Answer ${rollout.id} of run ${runName}, step ${rollout.step}, to `,
    ...(task.origin === 'held-out' ? ['the held-out '] : []),
    linkTo(runId, 'task', task.id),
    `${samplingText(rollout)}; `,
    linkTo(runId, 'prompt', rollout.id, 'prompt and completion'),
    '.',
  );
  if (rollout.answer !== undefined && mode === 'induction' && hasUnseen(rollout.answer)) {
    builder.comment('Characters of the program that cannot be seen are written as \\u escapes.');
  }
}

/** How a held-out task was asked. */
function samplingText({ phase }: RolloutRecord): string {
  if (phase === 'greedy') return ', with the likeliest tokens';
  return phase === 'probe' ? ', sampled at temperature 1' : '';
}

/** Deduction: the answer in the place of the output. Abduction: in the place of the input. */
function writeValueAnswer(builder: DocumentBuilder, rollout: RolloutRecord, task: TaskRecord) {
  const { input, output } = task.examples[0]!;
  const name = entryFunction(task.program);
  if (isQuestion(task)) {
    writeQuestion(builder, task);
    builder.blank();
    const start = builder.nextLine;
    const line = writeValue(builder, rollout, name);
    builder.section('Answer', 'answer', start);
    return line;
  }
  builder.program(task.program, 'Program');
  builder.blank();
  const firstLine = builder.nextLine;
  if (rollout.mode === 'deduction') {
    builder
      .comment('Input and ', { text: 'gold value', term: 'gold' }, ':')
      .call({ name, input }, output);
  } else {
    builder.comment("Gold value, and the proposer's input for it:").call({ name, input }, output);
  }
  builder.section('Input', 'examples', firstLine).blank();
  const answerStart = builder.nextLine;
  const answerLine = writeValue(builder, rollout, name);
  builder.section('Answer', 'answer', answerStart);
  return answerLine;
}

/** Code when the answer is a literal; else a comment, because nothing else of it is Python. */
function writeValue(builder: DocumentBuilder, rollout: RolloutRecord, name: string): number {
  const { answer, mode, executions } = rollout;
  if (answer === undefined) {
    builder
      .comment('No answer could be read from the completion:')
      .commentText(completionText(rollout));
    return builder.nextLine - 1;
  }
  if (mode === 'deduction' && parseLiteral(answer).ok && isPlain(answer)) {
    builder.comment('The answer, a value for the output:').code(`answer = ${answer.trim()}`);
  } else if (mode === 'abduction' && parseArguments(answer).ok && isPlain(answer)) {
    const [execution] = executions;
    const gives =
      execution?.output ?? (execution && `${execution.outcome}: ${execution.message ?? ''}`);
    builder.comment('The answer, an input:');
    builder.call({ name, input: answer.trim(), prefix: 'answer = ' }, undefined);
    if (gives !== undefined)
      builder.hint(`= ${gives}`, 'What the program gave when it was judged.');
  } else {
    builder.comment('The answer is not a literal:').commentText(answer);
  }
  return builder.nextLine - 1;
}

/** Induction: what was asked stands before the program, because a broken one may swallow the rest. */
function writeWrittenProgram(builder: DocumentBuilder, rollout: RolloutRecord, task: TaskRecord) {
  const { answer, executions } = rollout;
  const firstLine = builder.nextLine;
  const name = answer === undefined ? 'f' : entryFunction(answer);
  builder.comment('Message to the solver:').commentText(task.message ?? '');
  builder.comment('Shown to the solver:');
  for (const { input, output } of task.examples.slice(0, task.visible)) {
    builder.commentedCall(name, input, `  → ${output}`);
  }
  builder.comment('Hidden; they decide:');
  for (const [index, { input, output }] of task.examples.slice(task.visible).entries()) {
    const execution = executions[index];
    const given = execution?.output ?? execution?.outcome;
    const instead = given === undefined || given === output ? '' : `; the answer gives ${given}`;
    builder.commentedCall(name, input, `  → ${output}${instead}`);
  }
  builder.section('Examples', 'examples', firstLine).blank();
  if (answer !== undefined) return builder.program(answer, 'Answer');
  const answerStart = builder.nextLine;
  builder
    .comment('No program could be read from the completion:')
    .commentText(completionText(rollout));
  builder.section('Answer', 'answer', answerStart);
  return builder.nextLine - 1;
}

function factsOf({ rollout }: AnswerContext): DocumentFacts {
  return {
    role: 'solver',
    mode: rollout.mode,
    title: `answer ${rollout.id}`,
    runnable: rollout.answer !== undefined,
    rewarded: rollout.reward !== undefined,
    comparable: rollout.answer !== undefined,
    explained: rollout.verdict !== undefined,
  };
}

function writeVerdictHint(
  builder: DocumentBuilder,
  { verdict, verdictReason }: RolloutRecord,
  line: number,
  explanation: string,
): void {
  if (verdict === undefined) return;
  const label = verdict === 'correct' ? '✓ correct' : `✗ ${verdict} · ${verdictReason ?? ''}`;
  builder.verdict(label, explanation, line);
}
