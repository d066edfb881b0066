/** Walks the rows of one table in a sorted order, a window at a time, along an index. */
import type { Place } from './pageCursor.ts';
import type { ReadConnection, SqlValue } from '../readConnection.ts';

export interface OrderedRow {
  readonly id: number;
  readonly place: Place;
}

/** Which rows, in which order. Names and expressions are ours, never a user's. */
export interface RowOrder {
  readonly table: 'proposal' | 'proposal_measure' | 'rollout';
  /** Sorted by this and then by id; absent for the order of ids. */
  readonly key?: string;
  readonly descending: boolean;
  /** Only the rows of one step. */
  readonly step?: number;
  /** Only rows whose column has one of these values; only together with the order of ids. */
  readonly among?: { readonly column: string; readonly values: readonly string[] };
}

/** At most `count` rows beyond `place`; fewer only at the end. */
export function rowsBeyond(
  connection: ReadConnection,
  order: RowOrder,
  place: Place | undefined,
  count: number,
): OrderedRow[] {
  if (order.key === undefined) return rowsById(connection, order, place, count);
  const rows = place?.kind === 'unvalued' ? [] : valuedRows(connection, order, place, count);
  const after = place?.kind === 'unvalued' ? place : undefined;
  return rows.length >= count
    ? rows
    : [...rows, ...unvaluedRows(connection, order, after, count - rows.length)];
}

function rowsById(
  connection: ReadConnection,
  order: RowOrder,
  place: Place | undefined,
  count: number,
): OrderedRow[] {
  const { among } = order;
  const after = beyondId(order, place);
  const one = (condition: string, ...parameters: readonly SqlValue[]) =>
    select(connection, order, `${after.sql} AND ${condition}`, count, [
      ...after.parameters,
      ...parameters,
    ]);
  if (among === undefined) return one('1');
  // One walk per value keeps to the index; together they would have to be sorted first.
  const rows = among.values.flatMap((value) => one(`${among.column} = ?`, value));
  rows.sort((left, right) => (order.descending ? right.id - left.id : left.id - right.id));
  return rows.slice(0, count);
}

function valuedRows(
  connection: ReadConnection,
  order: RowOrder,
  place: (Place & { readonly kind: 'valued' }) | undefined,
  count: number,
): OrderedRow[] {
  const key = keyOf(order);
  if (place === undefined) return select(connection, order, `${key} IS NOT NULL`, count, []);
  // Two walks, because SQLite would scan all rows of an equal key for `(key, id) > (?, ?)`.
  const after = beyondId(order, place);
  const equal = selectEqual(connection, order, `${key} = ? AND ${after.sql}`, count, [
    place.key,
    ...after.parameters,
  ]);
  if (equal.length >= count) return equal;
  const condition = `${key} ${order.descending ? '<' : '>'} ?`;
  return [...equal, ...select(connection, order, condition, count - equal.length, [place.key])];
}

function unvaluedRows(
  connection: ReadConnection,
  order: RowOrder,
  place: Place | undefined,
  count: number,
): OrderedRow[] {
  const after = beyondId(order, place);
  const condition = `${keyOf(order)} IS NULL AND ${after.sql}`;
  return selectEqual(connection, order, condition, count, after.parameters);
}

function beyondId({ descending }: RowOrder, place: Place | undefined) {
  return place === undefined
    ? { sql: '1', parameters: [] }
    : { sql: `id ${descending ? '<' : '>'} ?`, parameters: [place.id] };
}

/** A step's rows are few: the plus keeps SQLite from walking the index of all steps for them. */
function keyOf(order: RowOrder): string {
  return order.step === undefined ? (order.key ?? 'id') : `+(${order.key ?? 'id'})`;
}

/** Rows of one key, or of none: naming it in the sorting too can make SQLite sort them all. */
function selectEqual(
  connection: ReadConnection,
  order: RowOrder,
  condition: string,
  count: number,
  parameters: readonly SqlValue[],
): OrderedRow[] {
  return select(connection, order, condition, count, parameters, false);
}

function select(
  connection: ReadConnection,
  order: RowOrder,
  condition: string,
  count: number,
  parameters: readonly SqlValue[],
  sortsByKey = order.key !== undefined,
): OrderedRow[] {
  const direction = order.descending ? 'DESC' : 'ASC';
  const sorting = sortsByKey ? `${keyOf(order)} ${direction}, id ${direction}` : `id ${direction}`;
  const ofStep = order.step === undefined ? '1' : 'step = ?';
  const rows = connection.all(
    `SELECT id, ${order.key ?? 'NULL'} AS key FROM ${order.table}
     WHERE ${ofStep} AND ${condition} ORDER BY ${sorting} LIMIT ?`,
    ...(order.step === undefined ? [] : [order.step]),
    ...parameters,
    count,
  );
  return rows.map((row) => {
    const id = Number(row['id']);
    const key = row['key'];
    return {
      id,
      place: typeof key === 'number' ? { kind: 'valued', key, id } : { kind: 'unvalued', id },
    };
  });
}
