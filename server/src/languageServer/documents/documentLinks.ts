/** Names of a run's documents that lead to them. */
import { documentUri, type DocumentKind } from '../../../protocol/documents.ts';
import type { RunId } from '../../../protocol/runs.ts';
import type { Part } from './documentBuilder.ts';

const TOOLTIPS: Readonly<Record<DocumentKind, string>> = {
  task: 'Open the task',
  proposal: 'Open the proposal',
  answer: 'Open the answer',
  reference: 'Open the program',
  program: 'Open the program of the answer',
  prompt: 'Open prompt and completion',
};

/** Such as `task 17`, or `text` where it is given. */
export function linkTo(
  runId: RunId,
  kind: DocumentKind,
  id: number,
  text = `${kind} ${String(id)}`,
): Part {
  return { text, target: documentUri({ runId, kind, id }), tooltip: TOOLTIPS[kind] };
}

/** Parts with commas between them; `more` says how many were left out. */
export function listed(parts: readonly Part[], more = 0): Part[] {
  const separated = parts.flatMap((part, index) => (index === 0 ? [part] : [', ', part]));
  return more > 0 ? [...separated, ` and ${String(more)} more`] : separated;
}
