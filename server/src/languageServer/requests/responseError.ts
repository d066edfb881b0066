/** What a client is answered when a request fails: a code, what happened, and what to do. */
import { ErrorCodes, LSPErrorCodes, ResponseError } from 'vscode-languageserver/node';

import { REQUEST_REFUSED } from '../../../protocol/languageMessages.ts';
import type { Problem } from '../../../protocol/problem.ts';
import { problemOf } from '../../runFolder/runOutcome.ts';

/** What a client is answered when its request failed with `error`. */
export function responseError(error: unknown): ResponseError<Problem | undefined> {
  if (error instanceof ResponseError) return error as ResponseError<Problem>;
  if (error instanceof Error && error.name === 'AbortError') {
    return new ResponseError(LSPErrorCodes.RequestCancelled, 'The request was cancelled.');
  }
  const problem = problemOf(error);
  return new ResponseError(REQUEST_REFUSED, problem.message, problem);
}

/** Whether `error` is a defect of ours, which belongs into the log with its stack. */
export function isDefect(error: unknown): boolean {
  const response = responseError(error);
  return response.code === ErrorCodes.InternalError || response.data?.code === 'defect';
}
