/** What the tree's own buttons do, and the way back to it from documents and pages. */
import { ProblemError } from '../../../server/protocol/problem.ts';
import { commands } from 'vscode';

import type { RunId } from '../../../server/protocol/runs.ts';
import { t } from '../shown/safeText.ts';
import { newestStepsFirst, setNewestStepsFirst } from '../settings.ts';
import type { Studio } from '../studio.ts';
import { isEmptyFilter } from '../tree/itemFilter.ts';
import { TREE_VIEW_ID } from '../tree/taskTree.ts';
import { isTreeNode, type TreeNode } from '../tree/treeNode.ts';
import { documentUriOf } from './argument.ts';

interface StepArgument {
  readonly runId: RunId;
  readonly step: number;
}

export async function toggleNewestFirst(): Promise<void> {
  await setNewestStepsFirst(!newestStepsFirst());
}

export function loadMore(studio: Studio, argument: unknown): void {
  if (isTreeNode(argument) && argument.kind === 'more') studio.treeModel.showMore(argument);
}

/** Selects a document's task, or a step, in the tree. A filter that may hide it is taken off. */
export async function revealInTree(studio: Studio, argument: unknown): Promise<void> {
  await studio.runs.load();
  await commands.executeCommand(`${TREE_VIEW_ID}.focus`);
  if (!isEmptyFilter(studio.treeModel.filter)) studio.setFilter({});
  const node = isStepArgument(argument)
    ? await studio.treeModel.stepNode(argument.runId, argument.step)
    : await nodeOfDocument(studio, argument);
  if (node === undefined) {
    throw new ProblemError({
      code: 'not-in-tree',
      message: t('This item is not in the tree: its run was moved or deleted.'),
      remedy: t('"AZR: Open a Run Folder…" adds a run from anywhere.'),
    });
  }
  await studio.tree.reveal(node, { focus: true, expand: node.kind === 'step' });
}

async function nodeOfDocument(studio: Studio, argument: unknown): Promise<TreeNode | undefined> {
  const uri = documentUriOf(argument);
  return studio.treeModel.itemNode(await studio.connection.request('azr/locate', { uri }));
}

function isStepArgument(value: unknown): value is StepArgument {
  return (
    typeof value === 'object' &&
    value !== null &&
    'runId' in value &&
    'step' in value &&
    typeof value.step === 'number'
  );
}
