/** What the address of a document stands for: a task, a proposal, or an answer to a task. */
import {
  documentAddress,
  type DocumentAddress,
  type DocumentKind,
} from '../../../protocol/documents.ts';
import { ProblemError } from '../../../protocol/problem.ts';
import type { ProposalRecord, RolloutRecord, TaskRecord } from '../../../protocol/records.ts';
import type { OpenRun } from '../openRuns.ts';

export type Subject =
  | { readonly kind: 'task'; readonly id: number; readonly task: TaskRecord }
  | {
      readonly kind: 'proposal';
      readonly id: number;
      readonly proposal: ProposalRecord;
      /** The task that it became, if it did. */
      readonly task?: TaskRecord;
    }
  | {
      readonly kind: 'answer';
      readonly id: number;
      readonly rollout: RolloutRecord;
      readonly task: TaskRecord;
    };

/**
 * The rows behind an address, whichever side of them the document shows: the prompt of a solver stands for
 * its answer, and the completion of a proposer for its proposal. Throws ProblemError `no-row`.
 */
export function subjectOf(run: OpenRun, { kind, id }: DocumentAddress): Subject {
  switch (kind) {
    case 'task':
    case 'reference':
      return { kind: 'task', id, task: requireTask(run, id) };
    case 'proposal':
      return proposalSubject(run, run.relatives.proposal(id) ?? missing(run, 'proposal', id));
    case 'answer':
    case 'program':
    case 'prompt':
      return answerSubject(run, requireRollout(run, id));
  }
}

function proposalSubject(run: OpenRun, proposal: ProposalRecord): Subject {
  const { id, taskId } = proposal;
  return {
    ...{ kind: 'proposal', id, proposal },
    ...(taskId !== undefined && { task: requireTask(run, taskId) }),
  };
}

function answerSubject(run: OpenRun, rollout: RolloutRecord): Subject {
  const { id, role, taskId } = rollout;
  const proposal = role === 'proposer' ? run.relatives.proposalOfRollout(id) : undefined;
  if (proposal !== undefined) return proposalSubject(run, proposal);
  const task = taskId === undefined ? missing(run, 'task', id) : requireTask(run, taskId);
  return { kind: 'answer', id, rollout, task };
}

/** The address in `uri`; throws a {@link ProblemError} `no-document`. */
export function addressOf(uri: string): DocumentAddress {
  const address = documentAddress(uri);
  if (address !== undefined) return address;
  throw new ProblemError({
    code: 'no-document',
    message: `${uri} is not a document of AZR Studio.`,
    remedy: 'Open tasks and answers from the tree or the tables.',
  });
}

function requireTask(run: OpenRun, id: number): TaskRecord {
  return run.reader.task(id) ?? missing(run, 'task', id);
}

export function requireRollout(run: OpenRun, id: number): RolloutRecord {
  return run.reader.rollout(id) ?? missing(run, 'answer', id);
}

/** Steps that were not finished are repeated after a crash, and their rows go. */
function missing(run: OpenRun, kind: DocumentKind, id: number): never {
  throw new ProblemError({
    code: 'no-row',
    message: `The run ${run.name} has no ${kind} ${String(id)}.`,
    remedy: 'Open it from the tree again: a resumed run gives new numbers to what it repeats.',
  });
}
