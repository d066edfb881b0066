/** All suites, by name. */
import { ProblemError } from '../../protocol/problem.ts';
import { codeio } from './codeio.ts';
import { cruxeval } from './cruxeval.ts';
import { fileSuite } from './file/fileSuite.ts';
import { gsm8k } from './gsm8k.ts';
import { humaneval } from './humaneval/humaneval.ts';
import { mbpp } from './mbpp/mbpp.ts';
import { reasoningGym } from './reasoningGym/reasoningGym.ts';
import type { Suite } from './suite.ts';

export const SUITES: readonly Suite[] = [
  cruxeval,
  humaneval,
  mbpp,
  gsm8k,
  reasoningGym,
  codeio,
  fileSuite,
];

/** Throws ProblemError `unknown-suite`, which names those that there are. */
export function suiteNamed(name: string): Suite {
  const suite = SUITES.find((one) => one.name === name);
  if (suite !== undefined) return suite;
  throw new ProblemError({
    code: 'unknown-suite',
    message: `There is no suite "${name}".`,
    remedy: `Name one of these: ${SUITES.map((one) => one.name).join(', ')}.`,
  });
}
