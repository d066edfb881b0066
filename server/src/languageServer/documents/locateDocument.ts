/** Where a document belongs in the tree, and whose reward it tells. */
import { ProblemError } from '../../../protocol/problem.ts';
import { documentAddress } from '../../../protocol/documents.ts';
import type { DocumentLocation } from '../../../protocol/languageMessages.ts';
import type { RolloutItem } from '../../../protocol/queries.ts';
import type { ProposalRecord, RolloutRecord, TaskRecord } from '../../../protocol/records.ts';
import { addressOf, subjectOf } from './subject.ts';
import type { OpenRun, OpenRuns } from '../openRuns.ts';
import { readScratch } from '../scratch/readScratch.ts';

/** @param scratchText text of the document when it is an open scratch file */
export function locateDocument(
  runs: OpenRuns,
  uri: string,
  scratchText: string | undefined,
): DocumentLocation {
  const original = scratchText === undefined ? undefined : readScratch(scratchText).original;
  const address = documentAddress(original ?? '') ?? addressOf(uri);
  const run = runs.run(address.runId);
  const subject = subjectOf(run, address);
  switch (subject.kind) {
    case 'task': {
      const { task } = subject;
      if (task.origin === 'held-out') return locateHeldOut(run, task);
      if (task.origin === 'given') return locateGiven(run, task);
      const proposal = run.relatives.proposalOfTask(task.id);
      if (proposal === undefined) throw noProposal(run, task.id);
      return locateProposal(run, proposal);
    }
    case 'proposal':
      return locateProposal(run, subject.proposal);
    case 'answer':
      return locateAnswer(run, subject.rollout);
  }
}

function locateProposal(run: OpenRun, proposal: ProposalRecord): DocumentLocation {
  const { step, mode, rolloutId } = proposal;
  const position = run.relatives.proposalPosition(proposal);
  return { runId: run.id, step, role: 'proposer', mode, position, rolloutId };
}

/** A task that nobody proposed, where it was first tried. */
function locateGiven(run: OpenRun, { id }: TaskRecord): DocumentLocation {
  const first = run.relatives.firstAnswer(id);
  const rollout = first && run.reader.rollout(first.id);
  if (rollout !== undefined) return locateAnswer(run, rollout);
  throw new ProblemError({
    code: 'no-answer',
    message: `Task ${String(id)} of ${run.name} has no answers.`,
    remedy: 'Look at another one.',
  });
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

function locateAnswer(run: OpenRun, rollout: RolloutRecord): DocumentLocation {
  const { id, role, step, mode, group, phase, taskId } = rollout;
  if ((phase === 'greedy' || phase === 'probe') && taskId !== undefined) {
    return locateHeldOutAnswer(run, taskId, { id, step, mode });
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
