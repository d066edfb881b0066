/** The table of all proposals or all rollouts: sorted, filtered, searched, a page at a time. */
import type {
  ItemFilter,
  Page,
  ProposalItem,
  RolloutItem,
  TableQuery,
} from '../../../protocol/queries.ts';
import { CheckedRow } from '../rows/checkedRow.ts';
import {
  type Conditions,
  isGiven,
  proposalConditions,
  rolloutConditions,
} from './filterConditions.ts';
import {
  PROPOSAL_ITEM_COLUMNS,
  PROPOSAL_ITEM_JOINS,
  proposalItem,
  ROLLOUT_ITEM_COLUMNS,
  rolloutItem,
} from './listItems.ts';
import { type OrderedRow, type RowOrder, rowsBeyond } from './orderedRows.ts';
import { cursorPlace, cursorText, pageSize, type Place } from './pageCursor.ts';
import type { ReadConnection } from '../readConnection.ts';
import { type Scan, WINDOW_ROWS } from './scan.ts';

/** Where the columns that one can sort by are, beside the id. */
const SORT_KEYS = {
  proposals: {
    solveRate: 'solve_rate',
    learnability: 'learnability',
    reward: 'reward',
    syntaxNodes: 'syntax_nodes',
  },
  rollouts: { reward: 'reward', advantage: 'advantage', tokenCount: 'rollout.token_count' },
} as const;

interface FoundRow {
  readonly item: ProposalItem | RolloutItem;
  readonly place: Place;
}

/** What one table's rows are read with. */
interface TableReading {
  readonly select: string;
  readonly conditions: Conditions;
  readonly item: (row: CheckedRow) => ProposalItem | RolloutItem;
}

/** Rows without a value of the sorted column come last, in either direction. */
export function* tablePage(
  connection: ReadConnection,
  query: TableQuery,
): Scan<Page<ProposalItem | RolloutItem>> {
  const limit = pageSize(query.limit);
  const order = rowOrder(query);
  const orderName = `${query.table} ${query.sort} ${query.descending ? 'down' : 'up'}`;
  const reading = tableReading(query);
  const windowRows = reading.conditions.empty ? limit + 1 : WINDOW_ROWS;

  const found: FoundRow[] = [];
  let place = query.cursor === undefined ? undefined : cursorPlace(orderName, query.cursor);
  for (;;) {
    const window = rowsBeyond(connection, order, place, windowRows);
    found.push(...matchingRows(connection, reading, window, limit - found.length + 1));
    const atEnd = window.length < windowRows;
    const items = found.slice(0, limit).map(({ item }) => item);
    const last = found[limit - 1];
    if (last !== undefined && !(atEnd && found.length === limit))
      return { items, cursor: cursorText(orderName, last.place) };
    if (atEnd) return { items };
    place = window.at(-1)?.place;
    yield;
  }
}

function rowOrder(query: TableQuery): RowOrder {
  const { table, sort, descending, filter = {} } = query;
  const ofStep = filter.step === undefined ? {} : { step: filter.step };
  if (sort !== 'id') {
    const keys: Readonly<Record<string, string>> = SORT_KEYS[table];
    return table === 'proposals'
      ? { table: 'proposal_measure', key: keys[sort] ?? 'id', descending, ...ofStep }
      : { table: 'rollout', key: keys[sort] ?? 'id', descending, ...ofStep };
  }
  return {
    table: table === 'proposals' ? 'proposal' : 'rollout',
    descending,
    ...ofStep,
    ...(filter.step === undefined ? amongReasons(table, filter) : {}),
  };
}

/** Reasons can be as rare as one in a million: those rows are found along the index of reasons. */
function amongReasons(table: TableQuery['table'], { reasons }: ItemFilter) {
  if (!isGiven(reasons)) return {};
  const column = table === 'proposals' ? 'reason' : 'verdict_reason';
  return { among: { column, values: reasons } };
}

function tableReading(query: TableQuery): TableReading {
  const { table, filter = {} } = query;
  return table === 'proposals'
    ? {
        select: `SELECT candidate.key AS position, ${PROPOSAL_ITEM_COLUMNS} FROM json_each(?) AS candidate
          CROSS JOIN proposal ON proposal.id = candidate.value ${PROPOSAL_ITEM_JOINS}`,
        conditions: proposalConditions(filter),
        item: proposalItem,
      }
    : {
        select: `SELECT candidate.key AS position, ${ROLLOUT_ITEM_COLUMNS} FROM json_each(?) AS candidate
          CROSS JOIN rollout ON rollout.id = candidate.value`,
        conditions: rolloutConditions(filter),
        item: rolloutItem,
      };
}

/** The first `count` rows of `window` that fit the filter, in its order. */
function matchingRows(
  connection: ReadConnection,
  { select, conditions, item }: TableReading,
  window: readonly OrderedRow[],
  count: number,
): FoundRow[] {
  const rows = connection.all(
    `${select} WHERE ${conditions.sql} ORDER BY candidate.key LIMIT ?`,
    JSON.stringify(window.map(({ id }) => id)),
    ...conditions.parameters,
    count,
  );
  return rows.flatMap((row) => {
    const place = window[Number(row['position'])]?.place;
    return place === undefined ? [] : [{ item: item(new CheckedRow(row, connection.path)), place }];
  });
}
