/** The solver's answers to a task: pick one to open, or compare its program with the task's. */
import { ProblemError } from '../../../server/protocol/problem.ts';
import { commands, Uri } from 'vscode';

import { documentAddress, documentUri } from '../../../server/protocol/documents.ts';
import { MAXIMUM_PAGE, type RolloutItem } from '../../../server/protocol/queries.ts';
import type { RunId } from '../../../server/protocol/runs.ts';
import { answerText } from '../documents/answerText.ts';
import { type SafeText, t } from '../shown/safeText.ts';
import { window, type SafeQuickPickItem } from '../shown/safeWindow.ts';
import type { Studio } from '../studio.ts';
import { addressOf, documentUriOf } from './argument.ts';

interface AnswerPick extends SafeQuickPickItem {
  readonly answer: RolloutItem;
}

export async function showAnswers(studio: Studio, argument: unknown): Promise<void> {
  const { runId, taskId } = await taskOf(studio, argument);
  const answer = await pickAnswer(studio, runId, taskId, t("The solver's answers, newest first"));
  if (answer !== undefined) await openAnswer(runId, answer.id);
}

/** Diff editor: the program that made the task on the left, the solver's on the right. */
export async function compareWithAnswer(studio: Studio, argument: unknown): Promise<void> {
  const { runId, kind, id } = addressOf(argument);
  const isAnswer = kind === 'answer' || kind === 'program';
  const rolloutId = isAnswer ? id : await pickedAnswer(studio, argument);
  if (rolloutId === undefined) return;
  const story = await studio.connection.request('azr/rewardStory', { runId, rolloutId });
  if (story.mode !== 'induction') {
    // The answer is a value, not a program: its document shows it beside the task.
    await openAnswer(runId, rolloutId);
    return;
  }
  const { taskId } = story.links;
  if (taskId === undefined) return;
  await commands.executeCommand(
    'vscode.diff',
    Uri.parse(documentUri({ runId, kind: 'reference', id: taskId }), true),
    Uri.parse(documentUri({ runId, kind: 'program', id: rolloutId }), true),
    t('Task {0} ↔ answer {1}', taskId, rolloutId),
    { preview: true },
  );
}

/** The answer that the user chose of those to a document's task. */
async function pickedAnswer(studio: Studio, argument: unknown): Promise<number | undefined> {
  const { runId, taskId } = await taskOf(studio, argument);
  return (await pickAnswer(studio, runId, taskId, t('Answer to compare the task with')))?.id;
}

async function openAnswer(runId: RunId, rolloutId: number): Promise<void> {
  const uri = documentUri({ runId, kind: 'answer', id: rolloutId });
  await commands.executeCommand('vscode.open', Uri.parse(uri, true), { preview: true });
}

async function pickAnswer(
  studio: Studio,
  runId: RunId,
  taskId: number,
  placeHolder: SafeText,
): Promise<RolloutItem | undefined> {
  const { items } = await studio.connection.request('azr/answers', {
    runId,
    taskId,
    limit: MAXIMUM_PAGE,
  });
  if (items.length === 0) {
    throw new ProblemError({
      code: 'no-answers',
      message: t('Task {0} has no answers yet.', taskId),
      remedy: t('Tasks are answered in the step that proposes them, and when they are replayed.'),
    });
  }
  const picked = await window.showQuickPick(
    items.map((answer): AnswerPick => ({ ...answerText(answer), answer })),
    { placeHolder, matchOnDescription: true, matchOnDetail: true },
  );
  return picked?.answer;
}

/** The task that a document belongs to. */
export async function taskOf(
  studio: Studio,
  argument: unknown,
): Promise<{ readonly runId: RunId; readonly taskId: number }> {
  const uri = documentUriOf(argument);
  const address = documentAddress(uri);
  if (address?.kind === 'task' || address?.kind === 'reference') {
    return { runId: address.runId, taskId: address.id };
  }
  const { runId, rolloutId } = await studio.connection.request('azr/locate', { uri });
  const { links } = await studio.connection.request('azr/rewardStory', { runId, rolloutId });
  if (links.taskId !== undefined) return { runId, taskId: links.taskId };
  throw new ProblemError({
    code: 'no-task',
    message: t('This proposal did not become a task, so it has no answers.'),
    remedy: t('"Why This Verdict" says why it was rejected.'),
  });
}
