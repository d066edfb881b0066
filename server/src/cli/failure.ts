/** How a failure is told: what happened, and what to do. */
import { ProblemError } from '../../protocol/problem.ts';
import { inspect } from 'node:util';

import type { ExitCode } from './command.ts';
import { EXIT } from './command.ts';

/** The failure for a person. A defect comes with its stack and its causes, because somebody has to find it. */
export function failureText(error: unknown): string {
  if (error instanceof ProblemError) {
    const text = `${error.message}\n${error.remedy}`;
    // A line within them that began at the margin could pass for another message of ours.
    return `azr: ${text.replaceAll('\n', '\n     ')}`;
  }
  return `azr: this is a defect of azr, please report it:\n${inspect(error)}`;
}

const USAGE_CODES = new Set([
  ...['usage', 'invalid-settings', 'not-utf-8'],
  ...['engine_url_invalid', 'engine_key_invalid', 'engine_key_in_clear'],
]);

export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof ProblemError && USAGE_CODES.has(error.code) ? EXIT.usage : EXIT.failed;
}
