/**
 * Addresses of the documents that the server serves, all read-only Python but `prompt`, which is Markdown:
 *
 *     azr:/<run id>/task-<id>.py           a task
 *     azr:/<run id>/proposal-<id>.py       a proposal, accepted or not
 *     azr:/<run id>/answer-<rollout id>.py one solver's answer with its task
 *     azr:/<run id>/reference-<task id>.py the program alone, the left side of a comparison;
 *                                          for deduction and abduction with its call and gold value
 *     azr:/<run id>/program-<rollout id>.py the right side: the same with the answer in its place
 *     azr:/<run id>/prompt-<rollout id>.md prompt and completion of a rollout
 */
import type { RunId } from './runs.ts';

export const DOCUMENT_KINDS = [
  'task',
  'proposal',
  'answer',
  'reference',
  'program',
  'prompt',
] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

export interface DocumentAddress {
  readonly runId: RunId;
  readonly kind: DocumentKind;
  readonly id: number;
}

/** The URI of a document. */
export function documentUri({ runId, kind, id }: DocumentAddress): string {
  const ending = kind === 'prompt' ? 'md' : 'py';
  return `azr:/${encodeURIComponent(runId)}/${kind}-${String(id)}.${ending}`;
}

/** The address in a URI; undefined for other URIs. */
export function documentAddress(uri: string): DocumentAddress | undefined {
  const match = /^azr:\/+([^/]+)\/([a-z]+)-(\d{1,15})\.(?:py|md)$/.exec(uri);
  const kind = DOCUMENT_KINDS.find((candidate) => candidate === match?.[2]);
  if (match?.[1] === undefined || kind === undefined) return undefined;
  try {
    return { runId: decodeURIComponent(match[1]), kind, id: Number(match[3]) };
  } catch {
    // A stray percent sign makes no URI of ours.
    return undefined;
  }
}
