/** What the manifest's menus know a node by: `viewItem` in their `when` clauses. */
import { canPause, canResume, canStop } from '../state/runFacts.ts';
import type { TreeNode } from './treeNode.ts';

/** For example `run stop pause`, `run evaluation`, `item task`, `item proposal`, `item answer`. */
export function contextValue(node: TreeNode): string {
  switch (node.kind) {
    case 'run': {
      const { run } = node;
      const words = ['run'];
      if (run.evaluation !== undefined) words.push('evaluation');
      if (canStop(run)) words.push('stop');
      if (canPause(run)) words.push('pause');
      if (canResume(run)) words.push('resume');
      return words.join(' ');
    }
    case 'item':
      if (node.item.kind === 'attempt') return 'item answer';
      return node.item.taskId === undefined ? 'item proposal' : 'item task';
    case 'live':
    case 'liveTask':
    case 'step':
    case 'group':
    case 'more':
    case 'problem':
      return node.kind;
  }
}
