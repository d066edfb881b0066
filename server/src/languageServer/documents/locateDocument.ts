/** Where a document belongs in the tree, and whose reward it tells. */
import { ProblemError } from '../../../protocol/problem.ts';
import { documentAddress } from '../../../protocol/documents.ts';
import type { DocumentLocation } from '../../../protocol/languageMessages.ts';
import type { RolloutItem } from '../../../protocol/queries.ts';
import type { ProposalRecord, TaskRecord } from '../../../protocol/records.ts';
import { addressOf, requireProposal, requireRollout, requireTask } from './documentLibrary.ts';
import type { OpenRun, OpenRuns } from '../openRuns.ts';
import { readScratch } from '../scratch/readScratch.ts';

/** @param scratchText text of the document when it is an open scratch file */
export function locateDocument(
  runs: OpenRuns,
  uri: string,
  scratchText: string | undefined,
): DocumentLocation {
  const original = scratchText === undefined ? undefined : readScratch(scratchText).original;
  const { runId, kind, id } = documentAddress(original ?? '') ?? addressOf(uri);
  const run = runs.run(runId);
  switch (kind) {
    case 'task':
    case 'reference': {
      const task = requireTask(run, id);
      if (task.origin === 'held-out') return locateHeldOut(run, task);
      const proposal = run.relatives.proposalOfTask(id);
      if (proposal === undefined) throw noProposal(run, task.id);
      return locateProposal(run, proposal);
    }
    case 'proposal':
      return locateProposal(run, requireProposal(run, id));
    case 'answer':
    case 'program':
    case 'prompt':
      return locateRollout(run, id);
  }
}

function locateProposal(run: OpenRun, proposal: ProposalRecord): DocumentLocation {
  const { step, mode, rolloutId } = proposal;
  const position = run.relatives.proposalPosition(proposal);
  return { runId: run.id, step, role: 'proposer', mode, position, rolloutId };
}

/** A held-out task, where it was answered last. */
function locateHeldOut(run: OpenRun, { id }: TaskRecord): DocumentLocation {
  const [answer] = run.relatives.answers(id, 1).items;
  if (answer === undefined) {
    throw new ProblemError({
      code: 'no-answer',
      message: `The held-out task ${String(id)} of ${run.name} has no answers.`,
      remedy: 'Look at another one.',
    });
  }
  return locateHeldOutAnswer(run, id, answer);
}

function locateHeldOutAnswer(
  run: OpenRun,
  taskId: number,
  { id, step, mode }: Pick<RolloutItem, 'id' | 'step' | 'mode'>,
): DocumentLocation {
  const position = run.relatives.heldOutPosition(taskId, { step, mode });
  return { runId: run.id, step, role: 'held-out', mode, position, rolloutId: id };
}

function locateRollout(run: OpenRun, id: number): DocumentLocation {
  const { role, step, mode, group, phase, taskId } = requireRollout(run, id);
  if ((phase === 'greedy' || phase === 'probe') && taskId !== undefined) {
    return locateHeldOutAnswer(run, taskId, { id, step, mode });
  }
  if (role === 'proposer') {
    const proposal = run.relatives.proposalOfRollout(id);
    if (proposal !== undefined) return locateProposal(run, proposal);
  }
  const position = run.relatives.attemptPosition({ group, step, mode });
  return { runId: run.id, step, role, mode, position, rolloutId: id };
}

function noProposal(run: OpenRun, taskId: number): ProblemError {
  return new ProblemError({
    code: 'no-proposal',
    message: `Task ${String(taskId)} of ${run.name} was there from the start, so it has no proposal.`,
    remedy: 'Look at a task of a later step.',
  });
}
