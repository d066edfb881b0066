import type { Execution } from '../../protocol/sandbox.ts';

/** One line of JSON for `azr exec --json`; numbers are milliseconds and KiB. */
export function executionJson(execution: Execution): string {
  const { outcome, output, message, exceptionType, line, stdout } = execution;
  return JSON.stringify({
    outcome,
    output,
    message,
    exceptionType,
    line,
    stdout,
    durationMs: execution.durationMs,
    cpuMs: execution.cpuMs,
    memoryKb: execution.memoryKb,
  });
}
