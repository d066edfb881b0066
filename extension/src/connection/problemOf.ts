/** Turns whatever was thrown into what the user is told: what happened, to what, and what to do. */
import { isProblem, type Problem, ProblemError } from '../../../server/protocol/problem.ts';
import { REQUEST_REFUSED } from '../../../server/protocol/languageMessages.ts';
import { t } from '../shown/safeText.ts';

/** JSON-RPC and LSP codes of requests that were cancelled. */
const CANCELLED = new Set([-32_800, -32_802]);

/** The problem behind an error; a defect of ours points at the log. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.toProblem();
  const data = isRecord(error) ? error['data'] : undefined;
  if (isRecord(error) && error['code'] === REQUEST_REFUSED && isProblem(data)) return data;
  return {
    code: 'unexpected',
    message: error instanceof Error ? error.message : String(error),
    remedy: t('"Show Log" has the details; "AZR: Restart Server" restarts the server.'),
  };
}

/** Whether the error only says that the request was given up. */
export function isCancellation(error: unknown): boolean {
  if (!isRecord(error)) return false;
  return CANCELLED.has(Number(error['code'])) || error['name'] === 'Canceled';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
