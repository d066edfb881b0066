/** How a failure is told: what happened, and what to do. */
import { inspect } from 'node:util';

import type { ExitCode } from './command.ts';
import { EXIT } from './command.ts';

/** An error made for a person; every expected failure of this project has this shape. */
interface ExplainedError extends Error {
  readonly code: string;
  readonly remedy: string;
}

function isExplained(error: unknown): error is ExplainedError {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    'remedy' in error &&
    typeof error.remedy === 'string'
  );
}

/** The failure as data, as it stands under `error` in JSON output. */
export function failureData(error: unknown): { code: string; message: string; remedy?: string } {
  if (isExplained(error)) {
    return { code: error.code, message: error.message, remedy: error.remedy };
  }
  return { code: 'defect', message: error instanceof Error ? error.message : String(error) };
}

/** The failure for a person. A defect comes with its stack and its causes, because somebody has to find it. */
export function failureText(error: unknown): string {
  if (isExplained(error)) {
    const { message, remedy } = error;
    // Some messages end with their remedy already.
    const text = message.endsWith(remedy) ? message : `${message}\n${remedy}`;
    // A line within them that began at the margin could pass for another message of ours.
    return `azr: ${text.replaceAll('\n', '\n     ')}`;
  }
  return `azr: this is a defect of azr, please report it:\n${inspect(error)}`;
}

const USAGE_CODES = new Set(['usage', 'invalid-settings']);

export function exitCodeOf(error: unknown): ExitCode {
  return isExplained(error) && USAGE_CODES.has(error.code) ? EXIT.usage : EXIT.failed;
}
