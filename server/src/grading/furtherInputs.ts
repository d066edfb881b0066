/** More executed inputs of a program that was validated already: types to find them by, variations, outputs. */
import type { InputOutput } from '../../protocol/sandbox.ts';
import { formatArguments } from '../literal/format.ts';
import { parseArguments } from '../literal/parse.ts';
import { type Random, signatureOf, varyArguments } from '../literal/varyArguments.ts';
import {
  disagreement,
  distinctInputs,
  furtherExecutions,
  type GradingContext,
} from './validateProposal.ts';

/** Undefined where `input` is not an argument list of literals. */
export function signature(input: string): string | undefined {
  const parsed = parseArguments(input);
  return parsed.ok ? signatureOf(parsed.value) : undefined;
}

/** Another input of the same signature, in canonical form; `input` itself where it is not an argument list. */
export function vary(input: string, random: Random): string {
  const parsed = parseArguments(input);
  return parsed.ok ? formatArguments(varyArguments(parsed.value, random)) : input;
}

/**
 * Outputs by the same checks as those of a proposal. Inputs that do not run well are left out, as
 * are those after one that took all its time; of a program whose runs differ, all are.
 */
export async function executeInputs(
  context: GradingContext,
  program: string,
  texts: readonly string[],
  signal: AbortSignal | undefined,
): Promise<InputOutput[]> {
  const { inputs } = distinctInputs(texts);
  if (inputs.length === 0) return [];
  const { sandbox, limits } = context;
  const options = { limits, ...(signal && { signal }) };
  const inspection = await sandbox.inspect(program, options);
  const first = await sandbox.runBatch(program, inputs, { ...options, variant: 0 });
  const usable = inputs.flatMap((input, index) => {
    const execution = first[index]!;
    return execution.outcome === 'ok' ? [{ input, execution }] : [];
  });
  if (usable.length === 0) return [];
  const reversed = usable.toReversed().map(({ input }) => input);
  for (const place of furtherExecutions(inspection)) {
    const again = await sandbox.runBatch(program, reversed, { ...options, ...place });
    const next = again.toReversed();
    if (usable.some(({ execution }, index) => disagreement(execution, next[index]!))) return [];
  }
  return usable.map(({ input, execution }) => ({ input, output: execution.output! }));
}
