/** Where a document belongs in the tree, and whose reward it tells. */
import { documentAddress } from '../../protocol/documents.ts';
import type { DocumentLocation } from '../../protocol/languageMessages.ts';
import type { ProposalRecord } from '../../protocol/records.ts';
import {
  addressOf,
  requireProposal,
  requireRollout,
  requireTask,
} from './documents/documentLibrary.ts';
import type { OpenRun, OpenRuns } from './openRuns.ts';
import { ExpectedFailure } from '../runner/expectedFailure.ts';
import { readScratch } from './scratch/readScratch.ts';

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
      const proposal = run.relatives.proposalOfTask(id);
      if (proposal === undefined) throw noProposal(run, task.id);
      return locateProposal(run, proposal);
    }
    case 'proposal':
      return locateProposal(run, requireProposal(run, id));
    case 'answer':
    case 'program':
    case 'heldout':
    case 'prompt':
      return locateRollout(run, id);
  }
}

function locateProposal(run: OpenRun, proposal: ProposalRecord): DocumentLocation {
  const { step, mode, rolloutId } = proposal;
  const position = run.relatives.proposalPosition(proposal);
  return { runId: run.id, step, role: 'proposer', mode, position, rolloutId };
}

function locateRollout(run: OpenRun, id: number): DocumentLocation {
  const { role, step, mode, group } = requireRollout(run, id);
  if (role === 'proposer') {
    const proposal = run.relatives.proposalOfRollout(id);
    if (proposal !== undefined) return locateProposal(run, proposal);
  }
  const position = run.relatives.attemptPosition({ group, step, mode });
  return { runId: run.id, step, role, mode, position, rolloutId: id };
}

function noProposal(run: OpenRun, taskId: number): ExpectedFailure {
  return new ExpectedFailure({
    code: 'no-proposal',
    message: `Task ${String(taskId)} of ${run.name} was there from the start: nobody proposed it.`,
    remedy: 'Look at a task of a later step.',
  });
}
