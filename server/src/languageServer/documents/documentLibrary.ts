/** Makes the documents of `azr:` addresses from the rows of their runs. */
import { ProblemError } from '../../../protocol/problem.ts';
import {
  documentAddress,
  type DocumentAddress,
  type DocumentKind,
} from '../../../protocol/documents.ts';
import type { ProposalRecord, RolloutRecord, TaskRecord } from '../../../protocol/records.ts';
import type { OpenRun, OpenRuns } from '../openRuns.ts';
import { answerDocument } from './answerDocument.ts';
import type { AzrDocument } from './azrDocument.ts';
import { answeredDocument, referenceDocument } from './comparedDocuments.ts';
import { promptDocument } from './promptDocument.ts';
import { proposalDocument } from './proposalDocument.ts';
import { readTaskContext } from './taskContext.ts';
import { taskDocument } from './taskDocument.ts';

/** Features ask for the same document one after another. */
const KEPT_DOCUMENTS = 32;

export class DocumentLibrary {
  readonly #runs: OpenRuns;
  readonly #kept = new Map<string, { readonly sequence: number; readonly document: AzrDocument }>();

  constructor(runs: OpenRuns) {
    this.#runs = runs;
  }

  /** The document at `uri` as its run is now. Throws errors with a remedy. */
  document(uri: string): AzrDocument {
    const address = addressOf(uri);
    const run = this.#runs.run(address.runId);
    const sequence = run.reader.sequence();
    const key = `${run.folder.folder} ${address.kind} ${address.id}`;
    const kept = this.#kept.get(key);
    if (kept?.sequence === sequence) return kept.document;
    const document = makeDocument(run, address);
    this.#kept.delete(key);
    this.#kept.set(key, { sequence, document });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_DOCUMENTS && oldest !== undefined) this.#kept.delete(oldest);
    return document;
  }
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

export function requireTask(run: OpenRun, id: number): TaskRecord {
  return run.reader.task(id) ?? missing(run, 'task', id);
}

export function requireProposal(run: OpenRun, id: number): ProposalRecord {
  return run.relatives.proposal(id) ?? missing(run, 'proposal', id);
}

export function requireRollout(run: OpenRun, id: number): RolloutRecord {
  return run.reader.rollout(id) ?? missing(run, 'answer', id);
}

/** The task that a solver's rollout answered. */
export function taskOfRollout(run: OpenRun, { taskId, id }: RolloutRecord): TaskRecord {
  return taskId === undefined ? missing(run, 'task', id) : requireTask(run, taskId);
}

function makeDocument(run: OpenRun, { kind, id }: DocumentAddress): AzrDocument {
  switch (kind) {
    case 'task':
      return taskDocument(readTaskContext(run, requireTask(run, id)));
    case 'proposal':
      return proposalAt(run, requireProposal(run, id));
    case 'answer':
      return answerAt(run, requireRollout(run, id));
    case 'reference':
      return referenceDocument(requireTask(run, id));
    case 'program': {
      const rollout = requireRollout(run, id);
      return answeredDocument(rollout, taskOfRollout(run, rollout));
    }
    case 'prompt':
      return promptDocument(requireRollout(run, id));
  }
}

function proposalAt(run: OpenRun, proposal: ProposalRecord): AzrDocument {
  const rollout = requireRollout(run, proposal.rolloutId);
  return proposalDocument({ runId: run.id, runName: run.name, proposal, rollout });
}

/** What a proposer's rollout answered is a proposal. */
function answerAt(run: OpenRun, rollout: RolloutRecord): AzrDocument {
  const proposal =
    rollout.role === 'proposer' ? run.relatives.proposalOfRollout(rollout.id) : undefined;
  if (proposal !== undefined) return proposalAt(run, proposal);
  const task = taskOfRollout(run, rollout);
  return answerDocument({ runId: run.id, runName: run.name, rollout, task });
}

/** Steps that were not finished are repeated after a crash, and their rows go. */
function missing(run: OpenRun, kind: DocumentKind, id: number): never {
  throw new ProblemError({
    code: 'no-row',
    message: `The run ${run.name} has no ${kind} ${String(id)}.`,
    remedy: 'Open it from the tree again: a resumed run gives new numbers to what it repeats.',
  });
}
