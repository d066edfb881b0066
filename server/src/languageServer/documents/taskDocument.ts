/** A task as Python: what it is, how it went, where it came from, the program, the gold values. */
import type { RolloutItem } from '../../../protocol/queries.ts';
import type { TaskRecord } from '../../../protocol/records.ts';
import type { AzrDocument, DocumentFacts } from './azrDocument.ts';
import { DocumentBuilder, type Part } from './documentBuilder.ts';
import { isQuestion, taskKind, writeQuestion } from './questionText.ts';
import { linkTo, listed } from './documentLinks.ts';
import { entryFunction } from './entryFunction.ts';
import { hasUnseen, numberText } from './shownText.ts';
import { CHILDREN_SHOWN, type TaskContext } from './taskContext.ts';

/** How many answers a header lists one by one. */
const ANSWERS_SHOWN = 16;

export function taskDocument(context: TaskContext): AzrDocument {
  const builder = new DocumentBuilder();
  const { task } = context;
  writeTaskHeader(builder, context);
  builder.section('How it went', 'header', 0).blank();
  if (isQuestion(task)) writeQuestion(builder, task);
  else {
    builder.program(task.program, 'Program');
    builder.blank();
    writeExamples(builder, task);
  }
  return builder.build(taskFacts(context));
}

/**
 * The first two lines hold nothing that a model or a person named: Python would follow a coding
 * declaration there.
 */
function writeTaskHeader(builder: DocumentBuilder, context: TaskContext): void {
  const { task, proposal, runId, runName } = context;
  builder
    .comment(...taskKind(task))
    .comment(...outcomeParts(context))
    .comment(
      `${task.origin === 'held-out' ? 'Held-out task' : 'Task'} ${task.id} of run ${runName}, step ${task.step}`,
      ...(proposal === undefined ? [] : [', ', linkTo(runId, 'proposal', proposal.id)]),
      '.',
    );
  if (task.origin === 'given') {
    const source = task.itemId === undefined ? 'a generator' : `a file, ${task.itemId}`;
    builder.comment(`Given by ${source}; nobody proposed it.`);
  }
  if (task.parentTaskIds.length > 0) {
    const parents = task.parentTaskIds.map((id) => linkTo(runId, 'task', id));
    const what = task.mode === 'induction' ? 'Made from the program of' : 'Shown to the proposer';
    builder.comment(`${what}: `, ...listed(parents), '.');
  }
  if (context.childTaskIds.length > 0) {
    const shown = context.childTaskIds.slice(0, CHILDREN_SHOWN);
    const more = context.childTaskIds.length > CHILDREN_SHOWN ? ' and others' : '';
    builder.comment(
      'Shown for: ',
      ...listed(shown.map((id) => linkTo(runId, 'task', id))),
      more,
      '.',
    );
  }
  writeAnswerLinks(builder, context);
  if (hasUnseen(task.program)) {
    builder.comment('Characters of the program that cannot be seen are written as \\u escapes.');
  }
}

function outcomeParts({ task, proposer, estimation }: TaskContext): Part[] {
  if (task.origin === 'held-out') {
    const item = task.itemId === undefined ? '' : ` Item ${task.itemId}.`;
    const part = task.stratum === undefined ? '' : ` Part of the set: ${task.stratum}.`;
    return [`Held out: it measures what was learned, and is never trained on.${item}${part}`];
  }
  if (task.solveRate === undefined || task.learnability === undefined) {
    return ['Filled the buffers before the first step; its ', SOLVE_RATE, ' was not measured.'];
  }
  const correct = estimation.filter(({ verdict }) => verdict === 'correct').length;
  const parts: Part[] = [
    `Solved ${correct} of ${estimation.length} times: `,
    SOLVE_RATE,
    ` ${numberText(task.solveRate)}, `,
    { text: 'learnability', term: 'learnability' },
    ` ${numberText(task.learnability)}`,
  ];
  if (proposer?.reward !== undefined) {
    parts.push(', ', { text: "proposer's reward", term: 'proposer-reward' });
    parts.push(` ${numberText(proposer.reward)}`);
  }
  if (proposer?.advantage !== undefined) {
    parts.push(
      ', ',
      { text: 'advantage', term: 'advantage' },
      ` ${numberText(proposer.advantage)}`,
    );
  }
  return [...parts, '.'];
}

const SOLVE_RATE: Part = { text: 'solve rate', term: 'solve-rate' };

/** One line per step in which the task was answered, the newest ones if there are many. */
function writeAnswerLinks(builder: DocumentBuilder, { runId, answers, counts }: TaskContext): void {
  const byPolicy = answers.filter(({ phase }) => phase !== 'curriculum');
  const byStart = answers.filter(({ phase }) => phase === 'curriculum');
  const steps = new Map<number, RolloutItem[]>();
  for (const answer of byPolicy) {
    const group = steps.get(answer.step) ?? [];
    group.push(answer);
    steps.set(answer.step, group);
  }
  const newest = [...steps].slice(-3);
  if (newest.length < steps.size) {
    builder.comment(`${counts.attempts} answers, ${counts.correct} correct. Latest steps:`);
  }
  const write = (whose: string, group: readonly RolloutItem[]) => {
    const shown = group.slice(0, ANSWERS_SHOWN);
    const parts = shown.map((answer) => linkTo(runId, 'answer', answer.id, answerText(answer)));
    builder.comment(`${whose}: `, ...listed(parts, group.length - shown.length), '.');
  };
  for (const [step, group] of newest) write(`Answers in step ${step}`, group);
  if (byStart.length > 0) write('Answers of the starting model', byStart);
}

function answerText({ id, verdict }: RolloutItem): string {
  return `${id} ${verdict ?? 'not judged'}`;
}

/** The calls of a task with their gold values. */
function writeExamples(builder: DocumentBuilder, task: TaskRecord): void {
  const firstLine = builder.nextLine;
  const name = entryFunction(task.program);
  if (task.mode !== 'induction') {
    const { input, output } = task.examples[0]!;
    builder.comment(
      'Input and ',
      { text: 'gold value', term: 'gold' },
      task.mode === 'abduction' ? '; the solver has to find an input of its own.' : '.',
    );
    builder.call({ name, input }, output);
  } else {
    builder.comment('Message to the solver:').commentText(task.message ?? '');
    builder.comment('Shown to the solver:');
    for (const { input, output } of task.examples.slice(0, task.visible)) {
      builder.call({ name, input }, output);
    }
    builder.comment('Hidden; they decide whether an answer is right:');
    for (const { input, output } of task.examples.slice(task.visible)) {
      builder.call({ name, input }, output);
    }
  }
  builder.section(task.mode === 'induction' ? 'Examples' : 'Input', 'examples', firstLine);
}

function taskFacts({ task, proposer, counts }: TaskContext): DocumentFacts {
  return {
    role: 'proposer',
    mode: task.mode,
    title: `task ${task.id}`,
    runnable: true,
    rewarded: proposer !== undefined,
    comparable: false,
    explained: false,
    ...(counts.attempts > 0 && {
      answers: { correct: counts.correct, count: counts.attempts },
    }),
  };
}
