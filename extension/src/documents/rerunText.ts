/** The result of a rerun as the output channel shows it: fresh beside stored, case by case. */
import type { RerunCase, RerunResult } from '../../../server/protocol/reruns.ts';
import type { Execution } from '../../../server/protocol/sandbox.ts';
import { visibleText } from '../../../server/protocol/visibleText.ts';
import { inOutput, t } from '../shown/safeText.ts';
import { timeText } from '../numberText.ts';
import { readable } from '../tree/itemFilter.ts';

const INDENT = '    ';

export function rerunText(result: RerunResult, at: Date): string {
  const lines = [`── ${at.toLocaleTimeString()} · ${result.title}`, result.summary];
  // A case that failed says so itself.
  if (result.problem !== undefined && !hasFailedCase(result)) lines.push(result.problem);
  if (result.storedVerdict !== undefined || result.verdict !== undefined) {
    lines.push(verdictLine(result));
  }
  for (const [index, rerunCase] of result.cases.entries()) {
    lines.push('', ...caseLines(rerunCase, index, result.cases.length));
  }
  for (const { input, output } of result.hidden ?? []) {
    lines.push('', inOutput('hidden example: f({0}) should be {1}', input, output));
  }
  return visibleText([...lines, '', inOutput('Sandbox: {0}', result.sandbox), ''].join('\n'));
}

function hasFailedCase({ cases }: RerunResult): boolean {
  return cases.some(({ executions }) => executions.some(({ outcome }) => outcome !== 'ok'));
}

function verdictLine({ storedVerdict, verdict, verdictReason }: RerunResult): string {
  const reason = verdictReason === undefined ? '' : ` (${readable(verdictReason)})`;
  return inOutput('Verdict: {0}{1}, stored: {2}', verdict ?? '–', reason, storedVerdict ?? '–');
}

function caseLines(rerunCase: RerunCase, index: number, count: number): string[] {
  const { input, executions, expected, matches, deterministic } = rerunCase;
  const lines = [count > 1 ? `${String(index + 1)}. f(${input})` : `f(${input})`];
  for (const group of equalExecutions(executions)) lines.push(...executionLines(group));
  if (expected !== undefined) {
    const sameness = matches === true ? t('as stored') : inOutput('stored: {0}', expected);
    lines.push(`${INDENT}${matches === true ? '=' : '≠'} ${sameness}`);
  }
  if (!deterministic) {
    lines.push(`${INDENT}${t('Not deterministic: the runs gave different values.')}`);
  }
  return lines;
}

interface EqualExecutions {
  readonly first: Execution;
  readonly all: readonly Execution[];
}

/** Executions that ended alike, in the order of their first. */
function equalExecutions(executions: readonly Execution[]): EqualExecutions[] {
  const groups = new Map<string, Execution[]>();
  for (const execution of executions) {
    const { outcome, output, message, stdout } = execution;
    const key = JSON.stringify([outcome, output, message, stdout]);
    groups.set(key, [...(groups.get(key) ?? []), execution]);
  }
  return [...groups.values()].flatMap((all) =>
    all[0] === undefined ? [] : [{ first: all[0], all }],
  );
}

function executionLines({ first, all }: EqualExecutions): string[] {
  const times = all.length > 1 ? `${String(all.length)} × ` : '';
  const slowestMs = Math.max(...all.map(({ durationMs }) => durationMs));
  const cost = `${timeText(slowestMs)}, ${(first.memoryKb / 1024).toFixed(1)} MiB`;
  const value =
    first.outcome === 'ok'
      ? (first.output ?? '')
      : `${readable(first.outcome)}: ${first.message ?? ''}${lineOf(first)}`;
  const lines = [`${INDENT}→ ${times}${value}  (${cost})`];
  if (first.stdout !== '') {
    lines.push(
      ...first.stdout
        .trimEnd()
        .split('\n')
        .map((line) => `${INDENT}  | ${line}`),
    );
  }
  return lines;
}

function lineOf({ line }: Execution): string {
  return line === undefined ? '' : ` ${t('(line {0})', line)}`;
}
