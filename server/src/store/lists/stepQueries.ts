/** The tree below a run: its steps, and what was proposed and attempted in one of them. */
import type {
  AttemptItem,
  ItemFilter,
  Page,
  ProposalItem,
  StepItemsQuery,
  StepsQuery,
} from '../../../protocol/queries.ts';
import type { StepGroupOverview, StepOverview } from '../../../protocol/runs.ts';
import { MODES, type Role, STEP_LISTS, type StepListName } from '../../../protocol/vocabulary.ts';
import { CheckedRow } from '../rows/checkedRow.ts';
import { attemptConditions, isGiven, proposalConditions } from './filterConditions.ts';
import {
  ATTEMPT_ITEM_COLUMNS,
  ATTEMPT_ITEM_JOINS,
  attemptItem,
  PROPOSAL_ITEM_COLUMNS,
  PROPOSAL_ITEM_JOINS,
  proposalItem,
} from './listItems.ts';
import { pageSize, wholeNumber } from './pageCursor.ts';
import type { ReadConnection, SqlRow } from '../readConnection.ts';
import type { ScanBudget } from './scanBudget.ts';

/**
 * Steps with their groups. The cursor is the number of the last step that was looked at, to be
 * handed back as `beyondStep`. With a filter, groups count what fits it and steps without are left
 * out; the page may then be short, even empty, and still have a cursor.
 */
export function stepsPage(
  connection: ReadConnection,
  query: StepsQuery,
  budget: ScanBudget,
): Page<StepOverview> {
  const limit = pageSize(query.limit);
  const filter = query.filter ?? {};
  const items: StepOverview[] = [];
  let beyond = query.beyondStep;
  do {
    const wanted = limit - items.length;
    const steps = stepRows(connection, query, beyond, wanted + 1);
    const looked = stepOverviews(connection, steps.slice(0, wanted), filter, budget);
    items.push(...looked.found);
    beyond = looked.lastStep ?? beyond;
    const atEnd = steps.length <= wanted && looked.lastStep === steps.at(-1)?.step;
    if (atEnd || beyond === undefined) return { items };
  } while (items.length < limit && !budget.spent);
  return { items, cursor: String(beyond) };
}

interface StepRow {
  readonly step: number;
  readonly startedAt: string;
  readonly durationMs: number;
}

function stepRows(
  connection: ReadConnection,
  { order, filter }: StepsQuery,
  beyond: number | undefined,
  limit: number,
): StepRow[] {
  const newest = order === 'newest';
  const conditions = [
    ...(beyond === undefined ? [] : [`step ${newest ? '<' : '>'} ?`]),
    ...(filter?.step === undefined ? [] : ['step = ?']),
  ];
  const rows = connection.all(
    `SELECT step, started_at, duration_ms FROM step WHERE ${['1', ...conditions].join(' AND ')}
     ORDER BY step ${newest ? 'DESC' : 'ASC'} LIMIT ?`,
    ...(beyond === undefined ? [] : [beyond]),
    ...(filter?.step === undefined ? [] : [filter.step]),
    limit,
  );
  return rows.map((row) => {
    const checked = new CheckedRow(row, connection.path);
    return {
      step: checked.integer('step'),
      startedAt: checked.text('started_at'),
      durationMs: checked.number('duration_ms'),
    };
  });
}

/** Of `steps`, those that have something that fits; stops early when the budget is spent. */
function stepOverviews(
  connection: ReadConnection,
  steps: readonly StepRow[],
  filter: ItemFilter,
  budget: ScanBudget,
): { readonly found: StepOverview[]; readonly lastStep: number | undefined } {
  const ofItems = isGiven(filter.verdicts) || isGiven(filter.reasons) || hasText(filter);
  const ofGroups = isGiven(filter.modes) || isGiven(filter.roles);
  const stored = ofItems ? undefined : storedGroups(connection, steps);
  const found: StepOverview[] = [];
  let lastStep: number | undefined;
  for (const step of steps) {
    const groups = (
      stored?.get(step.step) ?? (ofItems ? countedGroups(connection, step.step, filter) : [])
    ).filter(
      ({ role, mode }) =>
        (!isGiven(filter.roles) || filter.roles.includes(roleOf(role))) &&
        (!isGiven(filter.modes) || filter.modes.includes(mode)),
    );
    if (groups.length > 0 || !(ofItems || ofGroups)) found.push({ ...step, groups });
    lastStep = step.step;
    if (ofItems && budget.spent) break;
  }
  return { found, lastStep };
}

/** Held-out tasks are answered by the solver. */
function roleOf(list: StepListName): Role {
  return list === 'proposer' ? 'proposer' : 'solver';
}

function hasText({ text }: ItemFilter): boolean {
  return text !== undefined && text !== '';
}

function storedGroups(
  connection: ReadConnection,
  steps: readonly StepRow[],
): Map<number, StepGroupOverview[]> {
  const numbers = steps.map(({ step }) => step);
  const groups = new Map<number, StepGroupOverview[]>(numbers.map((step) => [step, []]));
  if (numbers.length === 0) return groups;
  const rows = connection.all(
    `SELECT step, role, mode, count, good, solve_rate FROM step_group WHERE step BETWEEN ? AND ?`,
    Math.min(...numbers),
    Math.max(...numbers),
  );
  for (const row of rows) groups.get(Number(row['step']))?.push(stepGroup(connection, row));
  for (const ofStep of groups.values()) sortGroups(ofStep);
  return groups;
}

/** Groups of one step over the items that fit, counted from the step's own rows. */
function countedGroups(
  connection: ReadConnection,
  step: number,
  filter: ItemFilter,
): StepGroupOverview[] {
  const proposals = proposalConditions({ ...filter, step });
  const solving = (['solver', 'held-out'] as const).flatMap((list) =>
    countedAttempts(connection, { ...filter, step }, list),
  );
  const rows = [
    ...connection.all(
      `SELECT 'proposer' AS role, proposal.mode, count(*) AS count, sum(accepted) AS good,
         avg(measure.solve_rate) AS solve_rate
       FROM proposal ${PROPOSAL_ITEM_JOINS} WHERE ${proposals.sql} GROUP BY proposal.mode`,
      ...proposals.parameters,
    ),
    ...solving,
  ];
  return sortGroups(rows.map((row) => stepGroup(connection, row)));
}

function countedAttempts(
  connection: ReadConnection,
  filter: ItemFilter,
  list: Exclude<StepListName, 'proposer'>,
): SqlRow[] {
  const { sql, parameters } = attemptConditions(filter, list);
  return connection.all(
    `SELECT '${list}' AS role, attempt.mode, count(*) AS count,
       count(CASE WHEN correct > 0 THEN 1 END) AS good,
       avg(CASE WHEN phase <> 'curriculum' THEN 1.0 * correct / attempts END) AS solve_rate
     FROM attempt ${ATTEMPT_ITEM_JOINS} WHERE ${sql} GROUP BY attempt.mode`,
    ...parameters,
  );
}

function stepGroup(connection: ReadConnection, row: SqlRow): StepGroupOverview {
  const checked = new CheckedRow(row, connection.path);
  const solveRate = checked.optionalNumber('solve_rate');
  return {
    role: checked.word('role', STEP_LISTS),
    mode: checked.word('mode', MODES),
    count: checked.integer('count'),
    good: checked.integer('good'),
    ...(solveRate === undefined ? {} : { solveRate }),
  };
}

/** Proposers, solvers, held-out tasks, each in the order of the modes. */
function sortGroups(groups: StepGroupOverview[]): StepGroupOverview[] {
  return groups.sort(
    (left, right) =>
      STEP_LISTS.indexOf(left.role) - STEP_LISTS.indexOf(right.role) ||
      MODES.indexOf(left.mode) - MODES.indexOf(right.mode),
  );
}

/** The items of one step, role and mode; the cursor is the next offset. */
export function stepItemsPage(
  connection: ReadConnection,
  query: StepItemsQuery,
): Page<ProposalItem | AttemptItem> {
  const limit = pageSize(query.limit);
  const offset = wholeNumber('offset', query.offset, 0);
  const { step, mode, filter = {} } = query;
  const outside =
    (filter.step !== undefined && filter.step !== step) ||
    (isGiven(filter.modes) && !filter.modes.includes(mode));
  if (outside) return { items: [] };
  const ofGroup = { ...filter, step, modes: [mode] };
  const items =
    query.role === 'proposer'
      ? proposalItems(connection, ofGroup, offset, limit + 1)
      : attemptItems(connection, ofGroup, query.role, offset, limit + 1);
  return items.length > limit
    ? { items: items.slice(0, limit), cursor: String(offset + limit) }
    : { items };
}

function proposalItems(
  connection: ReadConnection,
  filter: ItemFilter,
  offset: number,
  limit: number,
): ProposalItem[] {
  const { sql, parameters } = proposalConditions(filter);
  const rows = connection.all(
    `SELECT ${PROPOSAL_ITEM_COLUMNS} FROM proposal ${PROPOSAL_ITEM_JOINS}
     WHERE ${sql} ORDER BY proposal.id LIMIT ? OFFSET ?`,
    ...parameters,
    limit,
    offset,
  );
  return rows.map((row) => proposalItem(new CheckedRow(row, connection.path)));
}

function attemptItems(
  connection: ReadConnection,
  filter: ItemFilter,
  list: Exclude<StepListName, 'proposer'>,
  offset: number,
  limit: number,
): AttemptItem[] {
  const { sql, parameters } = attemptConditions(filter, list);
  const rows = connection.all(
    `SELECT ${ATTEMPT_ITEM_COLUMNS} FROM attempt ${ATTEMPT_ITEM_JOINS}
     WHERE ${sql} ORDER BY attempt.group_id LIMIT ? OFFSET ?`,
    ...parameters,
    limit,
    offset,
  );
  return rows.map((row) => attemptItem(new CheckedRow(row, connection.path)));
}
