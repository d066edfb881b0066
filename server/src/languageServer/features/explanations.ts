/** What the words of a document's header mean. Everything here is ours; no text of a model is in it. */
import { reasonPage } from '../documents/reasons.ts';

const TERMS: Readonly<Record<string, string>> = {
  deduction:
    '**Deduction**: the solver is shown a program and an input, and must say what the program returns. Paper section 3.2: given (p, i), find o.',
  abduction:
    '**Abduction**: the solver is shown a program and what it returned, and must find an input that gives it. Any such input is right, not only the one the proposer had. Paper section 3.2: given (p, o), find i.',
  induction:
    '**Induction**: the solver is shown a message and some pairs of input and output, and must write a program. Pairs that it was not shown decide. Paper section 3.2: given {(i, o)} and a message, find p.',
  'solve-rate':
    "**Solve rate** p̄: the share of right answers among the solver's attempts that estimated how hard the task is.\n\n`p̄ = right answers ÷ n`, where n is the setting `estimationRollouts`.",
  learnability:
    '**Learnability**: what the proposer is paid for a task. Tasks that are solved never or always teach nothing; else, the harder the better.\n\n`r_propose = 0 if p̄ = 0 or p̄ = 1, else 1 − p̄` (paper eq. 4)',
  'proposer-reward':
    "**Proposer's reward**: learnability for a proposal that became a task, −1 for one that was rejected, −0.5 for a valid one that was known already (paper eq. 6). The preset may subtract a term for repeating a template.",
  'solver-reward':
    "**Solver's reward**: 1 for a correct answer, −0.5 for a wrong one, −1 when no answer of the asked form could be read (paper eq. 5 and 6).",
  advantage:
    '**Advantage**: how much better this rollout did than those it is compared with. Tokens of a positive one become likelier, those of a negative one less likely.\n\n`A = (r − mean) ÷ standard deviation`, over the rollouts of the same role and mode (paper eq. 8), or with the mean of its own group where the setting `solverBaseline` is `group`.',
  gold: '**Gold value**: what the program returned when the sandbox ran it, twice, in processes that differ in hash seed. It was never claimed by a model.',
  'verdict:correct': '**Correct**: the answer gives the expected value.',
  'verdict:wrong': '**Wrong**: an answer could be read, and it does not give the expected value.',
  'verdict:malformed': '**Malformed**: no answer of the asked form could be read.',
};

/** Markdown about a term of a document; undefined for one that needs no explanation. */
export function explanationOf(term: string): string | undefined {
  const reason = /^(?:reason|rejection):(.+)$/.exec(term)?.[1];
  if (reason === undefined) return TERMS[term];
  const text = reasonPage().explanation(reason);
  return text === undefined ? undefined : `**${reason}**: ${text}`;
}
