/** Rows and nodes of a small run, for the tests of the extension. */
import type { GroupNode, ItemNode, RunNode, StepNode } from '../../extension/src/tree/treeNode.ts';
import type { AttemptItem, ProposalItem } from '../../server/protocol/queries.ts';
import type { RunOverview, StepOverview } from '../../server/protocol/runs.ts';

export function overview(changes: Partial<RunOverview> = {}): RunOverview {
  return {
    id: 'run-1',
    name: 'first',
    folder: '/runs/first',
    state: 'running',
    createdAt: '2026-11-25T08:00:00Z',
    preset: 'studio',
    model: 'azr-nano',
    seed: 1,
    lastStep: 12,
    steps: 200,
    taskCount: 90,
    proposalCount: 120,
    sequence: 13,
    solveRate: 0.414,
    ...changes,
  };
}

export function step(number: number, changes: Partial<StepOverview> = {}): StepOverview {
  return {
    step: number,
    startedAt: '2026-11-25T08:00:00Z',
    durationMs: 5200,
    groups: [
      { role: 'proposer', mode: 'deduction', count: 14, good: 12, solveRate: 0.5 },
      { role: 'solver', mode: 'deduction', count: 10, good: 6, solveRate: 0.25 },
      { role: 'solver', mode: 'induction', count: 30, good: 9, solveRate: 0.45 },
    ],
    ...changes,
  };
}

export function proposal(changes: Partial<ProposalItem> = {}): ProposalItem {
  return {
    kind: 'proposal',
    id: 7,
    step: 3,
    mode: 'deduction',
    rolloutId: 70,
    accepted: true,
    title: 'return sorted(x)',
    solveRate: 0.375,
    ...changes,
  };
}

export function attempt(changes: Partial<AttemptItem> = {}): AttemptItem {
  return {
    kind: 'attempt',
    taskId: 5,
    group: 31,
    step: 3,
    mode: 'deduction',
    phase: 'estimate',
    title: 'return sorted(x)',
    correct: 3,
    attempts: 8,
    rolloutId: 99,
    ...changes,
  };
}

export function runNode(changes: Partial<RunOverview> = {}): RunNode {
  return { kind: 'run', id: 'run:run-1', run: overview(changes), initiallyExpanded: true };
}

export function stepNode(): StepNode {
  return { kind: 'step', id: 'run:run-1/3', parent: runNode(), step: step(3) };
}

export function groupNode(): GroupNode {
  return {
    kind: 'group',
    id: 'run:run-1/3/solver/deduction',
    parent: stepNode(),
    group: { role: 'solver', mode: 'deduction', count: 10, good: 6, solveRate: 0.25 },
  };
}

export function itemNode(item: ProposalItem | AttemptItem): ItemNode {
  return { kind: 'item', id: 'run:run-1/3/solver/deduction/1', parent: groupNode(), item };
}
