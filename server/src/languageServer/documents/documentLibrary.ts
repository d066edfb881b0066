/** Makes the documents of `azr:` addresses from the rows of their runs. */
import type { DocumentAddress } from '../../../protocol/documents.ts';
import type { OpenRun, OpenRuns } from '../openRuns.ts';
import { answerDocument } from './answerDocument.ts';
import type { AzrDocument } from './azrDocument.ts';
import { answeredDocument, referenceDocument } from './comparedDocuments.ts';
import { promptDocument } from './promptDocument.ts';
import { proposalDocument } from './proposalDocument.ts';
import { addressOf, requireRollout, subjectOf } from './subject.ts';
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

function makeDocument(run: OpenRun, address: DocumentAddress): AzrDocument {
  const { kind, id } = address;
  // The prompt of a rollout is shown whatever became of the completion.
  if (kind === 'prompt') return promptDocument(requireRollout(run, id));
  const subject = subjectOf(run, address);
  const { id: runId, name: runName } = run;
  switch (subject.kind) {
    case 'task':
      return kind === 'reference'
        ? referenceDocument(subject.task)
        : taskDocument(readTaskContext(run, subject.task));
    case 'proposal': {
      const { proposal } = subject;
      const rollout = requireRollout(run, proposal.rolloutId);
      return proposalDocument({ runId, runName, proposal, rollout });
    }
    case 'answer': {
      const { rollout, task } = subject;
      return kind === 'program'
        ? answeredDocument(rollout, task)
        : answerDocument({ runId, runName, rollout, task });
    }
  }
}
