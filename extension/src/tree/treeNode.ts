/** The nodes of the tree. A node is the same object as long as its place exists: VS Code goes by identity. */
import type { AttemptItem, ProposalItem } from '../../../server/protocol/queries.ts';
import type { Problem } from '../../../server/protocol/problem.ts';
import type {
  LiveTask,
  RunId,
  RunOverview,
  StepGroupOverview,
  StepOverview,
} from '../../../server/protocol/runs.ts';

export interface RunNode {
  readonly kind: 'run';
  readonly id: string;
  /** Replaced whenever the server tells of a change. */
  run: RunOverview;
  readonly initiallyExpanded: boolean;
}

/** What the runner does right now; there while it works. */
export interface LiveNode {
  readonly kind: 'live';
  readonly id: string;
  readonly parent: RunNode;
}

/** A task of the step under way, which is in no database yet. */
export interface LiveTaskNode {
  readonly kind: 'liveTask';
  readonly id: string;
  readonly parent: LiveNode;
  readonly task: LiveTask;
}

export interface StepNode {
  readonly kind: 'step';
  readonly id: string;
  readonly parent: RunNode;
  readonly step: StepOverview;
}

export interface GroupNode {
  readonly kind: 'group';
  readonly id: string;
  readonly parent: StepNode;
  readonly group: StepGroupOverview;
}

/** A proposal, or a task with the answers to it. */
export interface ItemNode {
  readonly kind: 'item';
  readonly id: string;
  readonly parent: GroupNode;
  readonly item: ProposalItem | AttemptItem;
}

/** Loads the next page of its parent's children. */
export interface MoreNode {
  readonly kind: 'more';
  readonly id: string;
  readonly parent: RunNode | GroupNode | undefined;
}

/** Stands for children that could not be had. */
export interface ProblemNode {
  readonly kind: 'problem';
  readonly id: string;
  readonly parent: TreeNode | undefined;
  readonly problem: Problem;
}

export type TreeNode =
  RunNode | LiveNode | LiveTaskNode | StepNode | GroupNode | ItemNode | MoreNode | ProblemNode;

export function parentOf(node: TreeNode): TreeNode | undefined {
  return node.kind === 'run' ? undefined : node.parent;
}

export function runOf(node: TreeNode): RunNode | undefined {
  let current: TreeNode | undefined = node;
  while (current !== undefined && current.kind !== 'run') current = parentOf(current);
  return current;
}

export function runNodeId(runId: RunId): string {
  return `run:${runId}`;
}

/** Whether a value that a command was called with is one of ours. */
export function isTreeNode(value: unknown): value is TreeNode {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    'id' in value &&
    ['run', 'live', 'liveTask', 'step', 'group', 'item', 'more', 'problem'].includes(
      String(value.kind),
    )
  );
}
