/** Runs a plan and says in one line how it went. */
import type { RerunCase, RerunResult } from '../../../protocol/reruns.ts';
import type { Execution } from '../../../protocol/sandbox.ts';
import type { OpenGrader } from '../../run/openGrader.ts';
import { excerpt, sameValue } from '../../grading/validateProposal.ts';
import type { RerunPlan } from './rerunPlan.ts';

/** Runs each input `times` times, in processes that alternate between two hash seeds. */
export async function runPlan(
  plan: RerunPlan,
  times: number,
  open: OpenGrader,
  signal: AbortSignal,
): Promise<RerunResult> {
  const { engine, pythonVersion } = open.sandbox.description;
  const inputs = plan.inputs.map(({ input }) => input);
  const rounds: Execution[][] = [];
  for (let round = 0; round < times && inputs.length > 0; round += 1) {
    signal.throwIfAborted();
    const variant = round % 2 === 0 ? 0 : 1;
    rounds.push(
      await open.sandbox.runBatch(plan.program, inputs, { variant, priority: 'user', signal }),
    );
  }
  const cases = plan.inputs.map(({ input, expected }, index) =>
    caseOf(
      input,
      expected,
      rounds.map((round) => round[index]!),
    ),
  );
  const verification = await plan.judged?.judge(open, signal);
  const problem = problemOf(cases, verification);
  return {
    title: plan.title,
    cases,
    summary: summaryOf(cases, times, plan, verification?.verdict),
    sandbox: `${engine}, Python ${pythonVersion}`,
    ...(plan.judged?.stored !== undefined && { storedVerdict: plan.judged.stored }),
    ...(verification !== undefined && {
      verdict: verification.verdict,
      verdictReason: verification.reason,
    }),
    ...(problem !== undefined && { problem }),
    ...(plan.hidden !== undefined && { hidden: plan.hidden }),
  };
}

function caseOf(
  input: string,
  expected: string | undefined,
  executions: readonly Execution[],
): RerunCase {
  const [first] = executions;
  const deterministic = executions.every((other) => isSame(first!, other));
  return {
    input,
    executions,
    deterministic,
    ...(expected !== undefined && {
      expected,
      matches: executions.every(
        ({ output }) => output !== undefined && sameValue(output, expected),
      ),
    }),
  };
}

/** Two failures are the same when they are of one kind: messages may hold addresses. */
function isSame(left: Execution, right: Execution): boolean {
  if (left.outcome !== right.outcome) return false;
  if (left.output === undefined || right.output === undefined) {
    return left.exceptionType === right.exceptionType;
  }
  return sameValue(left.output, right.output);
}

function problemOf(
  cases: readonly RerunCase[],
  verification: { readonly verdict: string; readonly message: string } | undefined,
): string | undefined {
  for (const { input, executions } of cases) {
    const failed = executions.find(({ outcome }) => outcome !== 'ok');
    if (failed !== undefined) {
      const place = failed.line === undefined ? '' : ` in line ${failed.line}`;
      return `f(${excerpt(input)}): ${failed.outcome}${place}. ${failed.message ?? ''}`;
    }
  }
  return verification === undefined || verification.verdict === 'correct'
    ? undefined
    : verification.message;
}

function summaryOf(
  cases: readonly RerunCase[],
  times: number,
  { judged }: RerunPlan,
  verdict: string | undefined,
): string {
  const runs = times === 1 ? '1 run' : `${times} runs`;
  if (cases.length === 0) return `compared: ${verdictText(verdict, judged?.stored)}`;
  const parts = [cases.length > 1 ? `${runs} of ${cases.length} inputs` : runs];
  parts.push(...(cases.length === 1 ? oneCase(cases[0]!, times) : manyCases(cases, times)));
  if (verdict !== undefined) parts.push(verdictText(verdict, judged?.stored));
  const executions = cases.flatMap((found) => found.executions);
  const totalMs = executions.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return `${parts.join(', ')} · ${durationText(totalMs / Math.max(1, executions.length))}`;
}

function verdictText(verdict = 'not judged', before?: string): string {
  if (before === undefined) return verdict;
  return before === verdict ? `${verdict}, as before` : `${verdict} now, ${before} before`;
}

function oneCase({ executions, deterministic, expected, matches }: RerunCase, times: number) {
  const first = executions[0]!;
  if (!deterministic) {
    const values = [...new Set(executions.map(({ output, outcome }) => output ?? outcome))];
    return ['not deterministic', values.slice(0, 3).map(short).join(' or ')];
  }
  const value = first.output === undefined ? first.outcome : short(first.output);
  const all = times === 1 ? value : `all ${value}`;
  if (expected === undefined) return [all];
  return matches === true ? [all, 'as stored'] : [all, `stored ${short(expected)}`];
}

function manyCases(cases: readonly RerunCase[], times: number): string[] {
  const parts: string[] = [];
  const unsteady = cases.filter(({ deterministic }) => !deterministic).length;
  if (unsteady > 0) parts.push(`${unsteady} not deterministic`);
  else if (times > 1) parts.push('all deterministic');
  const failed = cases.filter(({ executions }) => executions[0]!.outcome !== 'ok').length;
  if (failed > 0) parts.push(`${failed} failed`);
  const compared = cases.filter(({ matches }) => matches !== undefined);
  const equal = compared.filter(({ matches }) => matches === true).length;
  if (compared.length > 0) {
    parts.push(
      equal === compared.length ? 'as stored' : `${equal} of ${compared.length} as stored`,
    );
  }
  return parts;
}

function short(literal: string): string {
  return literal.length <= 40 ? literal : `${literal.slice(0, 39)}…`;
}

function durationText(durationMs: number): string {
  return durationMs < 1000 ? `${durationMs.toFixed(1)} ms` : `${(durationMs / 1000).toFixed(2)} s`;
}
