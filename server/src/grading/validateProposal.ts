/** From a proposal to a task: static gate, gold values by execution, determinism across hash seeds. */
import type {
  Execution,
  ExecutionLimits,
  ExecutionOptions,
  GraderRules,
  InductionProposal,
  InputOutput,
  InvalidProposal,
  ProgramInspection,
  ProgramProposal,
  PythonSandbox,
  Validation,
} from '../../protocol/sandbox.ts';
import type { RejectionReason } from '../../protocol/vocabulary.ts';
import { canonicalKey } from '../literal/canonicalKey.ts';
import { formatArguments } from '../literal/format.ts';
import { parseArguments, parseLiteral } from '../literal/parse.ts';
import type { ArgumentList } from '../literal/value.ts';
import { checkInspection, checkProposedFunction, checkText } from './staticGate.ts';

/**
 * A program that names a source of chance is run so many times more. A fair coin falls alike in all
 * thirteen once in 4,096 times, and in two every second time.
 */
const MORE_EXECUTIONS = 11;

/** What every decision of one grader needs. */
export interface GradingContext {
  readonly sandbox: PythonSandbox;
  readonly rules: GraderRules;
  readonly limits: Partial<ExecutionLimits>;
}

/** Deduction and abduction: one program, one input. */
export async function validateProgram(
  context: GradingContext,
  proposal: ProgramProposal,
  signal: AbortSignal | undefined,
): Promise<Validation> {
  const gate = await passGate(context, proposal.program, signal);
  if ('valid' in gate) return gate;
  const parsed = parseArguments(proposal.input);
  if (!parsed.ok) return invalid('bad-input', notLiteral(parsed.error.message));
  const input = formatArguments(parsed.value);

  const options = { limits: context.limits, ...(signal && { signal }) };
  const first = await context.sandbox.run(proposal.program, input, { ...options, variant: 0 });
  if (first.outcome !== 'ok') return failed(first, [first]);
  const executions = [first];
  for (const place of furtherExecutions(gate)) {
    const next = await context.sandbox.run(proposal.program, input, { ...options, ...place });
    executions.push(next);
    const difference = disagreement(first, next);
    if (difference !== undefined) return { ...difference, executions };
  }
  return accepted(gate, [{ input, output: first.output! }], executions);
}

/** Induction: one program, several inputs. Inputs that do not run well are dropped while enough remain. */
export async function validateInduction(
  context: GradingContext,
  proposal: InductionProposal,
  signal: AbortSignal | undefined,
): Promise<Validation> {
  if (proposal.message.trim() === '') return invalid('no-message', 'The message is empty.');
  const gate = await passGate(context, proposal.program, signal);
  if ('valid' in gate) return gate;
  const { inputs, duplicates } = distinctInputs(proposal.inputs);
  const needed = context.rules.minimumInductionInputs;
  if (inputs.length < needed) return tooFew(inputs.length, duplicates, needed);

  const options = { limits: context.limits, ...(signal && { signal }) };
  const { sandbox } = context;
  const first = await sandbox.runBatch(proposal.program, inputs, { ...options, variant: 0 });
  const usable = inputs.flatMap((input, index) => {
    const execution = first[index]!;
    return execution.outcome === 'ok' ? [{ input, execution }] : [];
  });
  if (usable.length < needed) return failedInputs(first, usable.length, needed);

  // In reverse order, so that a program that remembers earlier calls contradicts itself.
  const reversed = usable.toReversed().map(({ input }) => input);
  const executions = [...first];
  for (const place of furtherExecutions(gate)) {
    const again = await sandbox.runBatch(proposal.program, reversed, { ...options, ...place });
    const next = again.toReversed();
    executions.push(...next);
    for (const [index, { execution }] of usable.entries()) {
      const difference = disagreement(execution, next[index]!);
      if (difference !== undefined) return { ...difference, executions };
    }
  }
  const examples = usable.map(({ input, execution }) => ({ input, output: execution.output! }));
  return accepted(gate, examples, executions);
}

/** What to run a program under after its first execution, which was the first round's first variant. */
export function furtherExecutions({
  chance,
}: ProgramInspection): readonly Required<Pick<ExecutionOptions, 'variant' | 'round'>>[] {
  const count = chance.length > 0 ? 1 + MORE_EXECUTIONS : 1;
  return Array.from({ length: count }, (_, index) => ({
    variant: index % 2 === 0 ? 1 : 0,
    round: (index + 1) >> 1,
  }));
}

async function passGate(
  context: GradingContext,
  program: string,
  signal: AbortSignal | undefined,
): Promise<ProgramInspection | InvalidProposal> {
  const { rules, sandbox, limits } = context;
  const text = checkText(program, rules);
  if (text !== undefined) return { valid: false, executions: [], ...text };
  const inspection = await sandbox.inspect(program, { limits, ...(signal && { signal }) });
  const refusal = checkInspection(inspection, rules) ?? checkProposedFunction(inspection, rules);
  return refusal === undefined ? inspection : { valid: false, executions: [], ...refusal };
}

/** Inputs that are argument lists of literals, each once, in canonical form. */
export function distinctInputs(texts: readonly string[]): { inputs: string[]; duplicates: number } {
  const inputs = new Map<string, string>();
  let duplicates = 0;
  for (const text of texts) {
    const parsed = parseArguments(text);
    if (!parsed.ok) continue;
    const key = argumentsKey(parsed.value);
    if (inputs.has(key)) duplicates += 1;
    else inputs.set(key, formatArguments(parsed.value));
  }
  return { inputs: [...inputs.values()], duplicates };
}

/** Equal for argument lists that make the same call. */
function argumentsKey({ positional, named }: ArgumentList): string {
  const namedKeys = named.map(({ name, value }) => `${name}=${canonicalKey(value)}`).sort();
  return [...positional.map(canonicalKey), ...namedKeys].join(',');
}

function tooFew(usable: number, duplicates: number, needed: number): InvalidProposal {
  if (usable + duplicates >= needed) {
    const message = `Only ${usable} of the inputs differ from each other; ${needed} are needed.`;
    return invalid('duplicate-inputs', message);
  }
  const message = `Only ${usable} of the inputs are literals; ${needed} are needed.`;
  return invalid('too-few-inputs', message);
}

/** When no input ran well, the program is at fault, and the first failure says how. */
function failedInputs(
  executions: readonly Execution[],
  usable: number,
  needed: number,
): InvalidProposal {
  const firstFailure = executions.find(({ outcome }) => outcome !== 'ok')!;
  if (usable === 0) return failed(firstFailure, executions);
  const message = `The program ran well on ${usable} inputs; ${needed} are needed. ${firstFailure.message ?? ''}`;
  return { ...invalid('too-few-inputs', message), executions };
}

/** Undefined when both executions gave equal values. */
export function disagreement(first: Execution, second: Execution): InvalidProposal | undefined {
  if (second.outcome === 'timeout' || second.outcome === 'unavailable') {
    return failed(second, []);
  }
  if (second.outcome === 'ok' && sameValue(first.output!, second.output!)) return undefined;
  const shown = second.outcome === 'ok' ? second.output! : (second.message ?? second.outcome);
  return invalid(
    'non-deterministic',
    `Two runs of the program differ: ${excerpt(first.output!)} and ${excerpt(shown)}.`,
  );
}

/** Are two literals equal? False when one of them is not a literal. */
export function sameValue(left: string, right: string): boolean {
  if (left === right) return true;
  const [first, second] = [parseLiteral(left), parseLiteral(right)];
  return first.ok && second.ok && canonicalKey(first.value) === canonicalKey(second.value);
}

/** Enough of a literal for a message. */
export function excerpt(literal: string): string {
  return literal.length <= 80 ? literal : `${literal.slice(0, 77)}...`;
}

/** Sentence for a text that should have been an argument list of literals. */
export function notLiteral(detail: string): string {
  return `The input is not a list of literal arguments: ${detail}`;
}

function accepted(
  { structure, template, constructs, syntaxNodes }: ProgramInspection,
  examples: readonly InputOutput[],
  executions: readonly Execution[],
): Validation {
  return { valid: true, examples, structure, template, constructs, syntaxNodes, executions };
}

function invalid(reason: RejectionReason, message: string): InvalidProposal {
  return { valid: false, reason, message, executions: [] };
}

function failed(execution: Execution, executions: readonly Execution[]): InvalidProposal {
  const { outcome, line } = execution;
  if (outcome === 'ok') throw new Error('An execution that went well is not a failure.');
  return {
    ...invalid(outcome, execution.message ?? outcome),
    ...(line !== undefined && { line }),
    executions,
  };
}
