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
import { MODES, STEP_LISTS, type StepListName } from '../../../protocol/vocabulary.ts';
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
import type { Scan } from './scan.ts';

/** Steps of one window: the items of each are counted, and searched if there is a filter. */
const WINDOW_STEPS = 8;

/**
 * Steps with their groups. The cursor is the number of the last step, to be handed back as
 * `beyondStep`. With a filter, groups count what fits it and steps without are left out.
 */
export function* stepsPage(
  connection: ReadConnection,
  query: StepsQuery,
): Scan<Page<StepOverview>> {
  const limit = pageSize(query.limit);
  const filter = query.filter ?? {};
  const found: StepOverview[] = [];
  let beyond = query.beyondStep;
  for (;;) {
    const steps = stepRows(connection, query, beyond, WINDOW_STEPS);
    found.push(...stepOverviews(connection, steps, filter));
    const atEnd = steps.length < WINDOW_STEPS;
    const items = found.slice(0, limit);
    const last = items[limit - 1];
    if (last !== undefined && !(atEnd && found.length === limit))
      return { items, cursor: String(last.step) };
    if (atEnd) return { items };
    beyond = steps.at(-1)?.step;
    yield;
  }
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

/** Of `steps`, those that have something that fits. */
function stepOverviews(
  connection: ReadConnection,
  steps: readonly StepRow[],
  filter: ItemFilter,
): StepOverview[] {
  const overviews = steps.map((step) => ({
    ...step,
    groups: countedGroups(connection, step.step, filter),
  }));
  const { modes, roles, verdicts, reasons, text } = filter;
  const isFiltered = [modes, roles, verdicts, reasons].some(isGiven) || (text ?? '') !== '';
  return isFiltered ? overviews.filter(({ groups }) => groups.length > 0) : overviews;
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
