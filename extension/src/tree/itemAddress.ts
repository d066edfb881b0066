/** Which document a node stands for. */
import { documentUri, type DocumentAddress } from '../../../server/protocol/documents.ts';
import type { ItemNode } from './treeNode.ts';

/** The task where there is one, else the proposal; for a solver's list the first answer of the group. */
function itemAddress({ item, parent }: ItemNode): DocumentAddress {
  const runId = parent.parent.parent.run.id;
  if (item.kind === 'attempt') return { runId, kind: 'answer', id: item.rolloutId };
  return item.taskId === undefined
    ? { runId, kind: 'proposal', id: item.id }
    : { runId, kind: 'task', id: item.taskId };
}

export function itemUri(node: ItemNode): string {
  return documentUri(itemAddress(node));
}
