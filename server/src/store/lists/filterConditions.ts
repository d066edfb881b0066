/** Filters of lists as SQL conditions. Values only ever travel as parameters. */
import { ProblemError } from '../../../protocol/problem.ts';
import type { ItemFilter } from '../../../protocol/queries.ts';
import { type StepListName, VERDICTS } from '../../../protocol/vocabulary.ts';
import { CONTAINS_TEXT } from './containsText.ts';
import { COMPLETION_TEXT } from '../packs/packReader.ts';
import type { SqlValue } from '../readConnection.ts';

const LONGEST_TEXT = 1000;

/** Conditions that must all hold; `parameters` are in the order of their question marks. */
export class Conditions {
  readonly #parts: string[] = [];
  readonly parameters: SqlValue[] = [];

  add(sql: string, ...parameters: readonly SqlValue[]): void {
    this.#parts.push(`(${sql})`);
    this.parameters.push(...parameters);
  }

  get empty(): boolean {
    return this.#parts.length === 0;
  }

  /** A boolean expression. */
  get sql(): string {
    return this.empty ? '1' : this.#parts.join(' AND ');
  }
}

/** Of rows of `proposal`. */
export function proposalConditions(filter: ItemFilter): Conditions {
  const conditions = new Conditions();
  addStep(conditions, 'proposal.step', filter);
  addWords(conditions, 'proposal.mode', filter.modes);
  if (isGiven(filter.roles) && !filter.roles.includes('proposer')) conditions.add('0');
  if (isGiven(filter.verdicts)) {
    const wanted = [
      ...(filter.verdicts.includes('accepted') ? [1] : []),
      ...(filter.verdicts.includes('rejected') ? [0] : []),
    ];
    conditions.add(`proposal.accepted IN (${placeholders(wanted)})`, ...wanted);
  }
  addWords(conditions, 'proposal.reason', filter.reasons);
  addText(conditions, filter, [
    ...['program', 'message', 'input', 'inputs'].map((column) => `proposal.${column}`),
    `CASE WHEN proposal.program IS NULL THEN
       (SELECT ${COMPLETION_TEXT} FROM rollout WHERE rollout.id = proposal.rollout_id) END`,
  ]);
  return conditions;
}

/** Of rows of `rollout`. Reasons are those of verdicts: a proposal's is found among proposals. */
export function rolloutConditions(filter: ItemFilter): Conditions {
  const conditions = new Conditions();
  addStep(conditions, 'rollout.step', filter);
  addWords(conditions, 'rollout.mode', filter.modes);
  addWords(conditions, 'rollout.role', filter.roles);
  if (isGiven(filter.verdicts)) {
    const verdicts = solverVerdicts(filter);
    const alternatives = [`rollout.verdict IN (${placeholders(verdicts)})`];
    if (filter.verdicts.includes('accepted'))
      alternatives.push("rollout.role = 'proposer' AND rollout.task_id IS NOT NULL");
    if (filter.verdicts.includes('rejected'))
      alternatives.push("rollout.role = 'proposer' AND rollout.task_id IS NULL");
    conditions.add(alternatives.join(' OR '), ...verdicts);
  }
  addWords(conditions, 'rollout.verdict_reason', filter.reasons);
  addText(conditions, filter, [
    ANSWER_TEXT,
    ...TASK_TEXTS.map((text) => `(SELECT ${text} FROM task WHERE task.id = rollout.task_id)`),
  ]);
  return conditions;
}

/**
 * Of rows of `attempt` joined with `task`: of the task itself, or of at least one answer to it.
 * Held-out tasks are listed by their greedy answers; those sampled at temperature 1 are in no list.
 */
export function attemptConditions(
  filter: ItemFilter,
  list: Exclude<StepListName, 'proposer'>,
): Conditions {
  const conditions = new Conditions();
  conditions.add(
    list === 'held-out' ? "attempt.phase = 'greedy'" : "attempt.phase NOT IN ('greedy', 'probe')",
  );
  addStep(conditions, 'attempt.step', filter);
  addWords(conditions, 'attempt.mode', filter.modes);
  if (isGiven(filter.roles) && !filter.roles.includes('solver')) conditions.add('0');
  const answers = new Conditions();
  if (isGiven(filter.verdicts)) {
    const verdicts = solverVerdicts(filter);
    answers.add(`rollout.verdict IN (${placeholders(verdicts)})`, ...verdicts);
  }
  addWords(answers, 'rollout.verdict_reason', filter.reasons);
  if (!answers.empty) conditions.add(someAnswer(answers.sql), ...answers.parameters);
  if (filter.text !== undefined && filter.text !== '') {
    const own = textMatch(filter.text, TASK_TEXTS);
    const answer = textMatch(filter.text, [ANSWER_TEXT]);
    conditions.add(
      `${own.sql} OR ${someAnswer(answer.sql)}`,
      ...own.parameters,
      ...answer.parameters,
    );
  }
  return conditions;
}

const ANSWER_TEXT = `coalesce(rollout.answer, ${COMPLETION_TEXT})`;
const TASK_TEXTS = ['task.program', 'task.message', 'task.examples'];

function someAnswer(condition: string): string {
  return `EXISTS (SELECT 1 FROM rollout WHERE rollout.group_id = attempt.group_id AND ${condition})`;
}

function solverVerdicts({ verdicts = [] }: ItemFilter): string[] {
  return verdicts.filter((verdict) => VERDICTS.some((known) => known === verdict));
}

/** An empty list sets no condition, as an absent one. */
export function isGiven<Value>(values: readonly Value[] | undefined): values is readonly Value[] {
  return values !== undefined && values.length > 0;
}

function addStep(conditions: Conditions, column: string, { step }: ItemFilter): void {
  if (step !== undefined) conditions.add(`${column} = ?`, step);
}

function addWords(
  conditions: Conditions,
  column: string,
  words: readonly string[] | undefined,
): void {
  if (isGiven(words)) conditions.add(`${column} IN (${placeholders(words)})`, ...words);
}

function placeholders(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}

function addText(conditions: Conditions, { text }: ItemFilter, expressions: readonly string[]) {
  if (text === undefined || text === '') return;
  const { sql, parameters } = textMatch(text, expressions);
  conditions.add(sql, ...parameters);
}

/** Whether one of `expressions` contains `text`, whatever the case of its letters. */
function textMatch(
  text: string,
  expressions: readonly string[],
): { readonly sql: string; readonly parameters: readonly SqlValue[] } {
  if (text.length > LONGEST_TEXT) {
    throw new ProblemError({
      code: 'invalid-query',
      message: `The text to search for is longer than ${String(LONGEST_TEXT)} characters.`,
      remedy: 'Search for a shorter part of it.',
    });
  }
  // LIKE knows the case of ASCII letters only, but is several times quicker than a call back to us.
  const ascii = /^[ -~]*$/.test(text);
  const sought = ascii ? `%${text.replaceAll(/[\\%_]/g, '\\$&')}%` : text.toLowerCase();
  const matches = expressions.map((expression) =>
    ascii ? `${expression} LIKE ? ESCAPE '\\'` : `${CONTAINS_TEXT}(${expression}, ?)`,
  );
  return { sql: `(${matches.join(' OR ')})`, parameters: expressions.map(() => sought) };
}
