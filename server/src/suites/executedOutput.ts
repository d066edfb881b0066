/** The output of a program whose input is known: by execution, in our sandbox. */
import type { LoadContext } from './suite.ts';
import { SUITE_LIMITS } from './suiteRules.ts';

/** What the program gives, the same in two processes that differ in hash seed, or a sentence that says why not. */
export async function executedOutput(
  program: string,
  input: string,
  { sandbox, signal }: Pick<LoadContext, 'sandbox' | 'signal'>,
): Promise<{ readonly output: string } | string> {
  const options = { limits: SUITE_LIMITS, signal };
  const first = await sandbox.run(program, input, { ...options, variant: 0 });
  if (first.outcome !== 'ok') return first.message ?? first.outcome;
  const second = await sandbox.run(program, input, { ...options, variant: 1 });
  return second.output === first.output
    ? { output: first.output! }
    : 'Two executions of the program give different values.';
}
