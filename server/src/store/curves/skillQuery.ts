/** The map of skills: how often tasks with each construct that does something were solved, over the run. */
import { CONSTRUCT_NAME, isForm } from '../../../protocol/constructs.ts';
import type { SkillCell, SkillSource, SkillTable } from '../../../protocol/queries.ts';
import { CheckedRow } from '../rows/checkedRow.ts';
import { lastStepOf } from './metricQueries.ts';
import type { ReadConnection } from '../readConnection.ts';
import { SKILL_WIDTHS } from '../schema/skillSummary.ts';

const MOST_COLUMNS = 32;
const MOST_ROWS = 100;
/** A run of ours has some eighty constructs. */
const MOST_CELLS = 20_000;

/** Columns are as wide as it takes to have at most 32, and at least as wide as what is summed in advance. */
export function skillTable(connection: ReadConnection, source: SkillSource): SkillTable {
  const lastStep = lastStepOf(connection);
  const width = columnWidth(connection, source, lastStep);
  const stored = SKILL_WIDTHS[source].findLast((one) => width % one === 0)!;
  // As part of the statement: a number that is bound would divide as a real one.
  const text = String(width);
  const found = connection.all(
    `SELECT first_step / ${text} * ${text} AS first, construct, sum(tasks) AS tasks, sum(solved) AS solved
     FROM skill_stretch WHERE source = ? AND width = ? GROUP BY first, construct
     LIMIT ${String(MOST_CELLS)}`,
    source,
    stored,
  );
  const columns: number[] = [];
  const byConstruct = new Map<string, Map<number, SkillCell>>();
  for (const one of found) {
    const row = new CheckedRow(one, connection.path);
    const name = row.text('construct');
    if (!CONSTRUCT_NAME.test(name) || isForm(name)) continue;
    const first = row.integer('first');
    if (columns.at(-1) !== first) columns.push(first);
    const cells = byConstruct.get(name) ?? new Map<number, SkillCell>();
    byConstruct.set(name, cells);
    cells.set(first, { tasks: row.integer('tasks'), solved: row.number('solved') });
  }
  const rows = [...byConstruct]
    .map(([construct, cells]) => ({
      construct,
      cells: columns.map((first) => cells.get(first) ?? null),
    }))
    .sort((a, b) => tasksOf(b.cells) - tasksOf(a.cells) || compare(a.construct, b.construct));
  return {
    columns: columns.map((firstStep) => ({
      firstStep,
      lastStep: Math.min(firstStep + width - 1, lastStep),
    })),
    rows: rows.slice(0, MOST_ROWS),
    rowsLeft: Math.max(0, rows.length - MOST_ROWS),
  };
}

/** 1 while every step that was measured has a column of its own; else a power of two from 8 on. */
function columnWidth(connection: ReadConnection, source: SkillSource, lastStep: number): number {
  const [narrowest] = SKILL_WIDTHS[source];
  if (narrowest === 1) {
    const measured = connection.all(
      `SELECT DISTINCT first_step FROM skill_stretch WHERE source = ? AND width = 1
       LIMIT ${String(MOST_COLUMNS + 1)}`,
      source,
    );
    if (measured.length <= MOST_COLUMNS) return 1;
  }
  let width = 8;
  while (width * MOST_COLUMNS < lastStep + 1) width *= 2;
  return width;
}

function tasksOf(cells: readonly (SkillCell | null)[]): number {
  return cells.reduce((sum, cell) => sum + (cell?.tasks ?? 0), 0);
}

function compare(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}
