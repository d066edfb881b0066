/** What is run again when a document is: a stored row, or the text of a scratch file. */
import { documentAddress } from '../../../server/protocol/documents.ts';
import { SCRATCH_SUFFIX } from '../../../server/protocol/languageMessages.ts';
import type { RerunTarget } from '../../../server/protocol/reruns.ts';

/** Undefined when the document is neither of ours nor a scratch file. `text` is read for scratch files. */
export function rerunTarget(uri: string, text: () => string): RerunTarget | undefined {
  const address = documentAddress(uri);
  if (address === undefined) {
    return isScratchUri(uri) ? { kind: 'scratch', uri, text: text() } : undefined;
  }
  const { runId, kind, id } = address;
  switch (kind) {
    case 'task':
    case 'reference':
      return { kind: 'task', runId, taskId: id };
    case 'proposal':
      return { kind: 'proposal', runId, proposalId: id };
    case 'answer':
    case 'program':
    case 'prompt':
      return { kind: 'rollout', runId, rolloutId: id };
  }
}

export function isScratchUri(uri: string): boolean {
  return uri.startsWith('file:') && uri.endsWith(SCRATCH_SUFFIX);
}
