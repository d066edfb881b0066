/** The rows of a map of skills: what each construct is called, and how its solve rate changed. */
import { constructText } from '../../../server/protocol/constructs.ts';
import type { SkillCell, SkillTable } from '../../../server/protocol/queries.ts';
import { percentText } from '../ui/numberText.ts';

/** Rates of fewer tasks say little: one task more or less is a quarter. */
export const FEW_TASKS = 4;

/** In standard errors: of forty constructs that did not change, one in twenty maps shows so clear a rise. */
const CLEAR_RISE = 3;

export type SkillSort = 'tasks' | 'gain';

export interface SkillRow {
  readonly construct: string;
  readonly text: string;
  readonly cells: readonly (SkillCell | null)[];
  /** Of all columns together. */
  readonly tasks: number;
  /** First and last rate, where both are of {@link FEW_TASKS} or more. */
  readonly change?: { readonly first: number; readonly last: number };
}

export function skillRows(table: SkillTable, sort: SkillSort): SkillRow[] {
  const rows = table.rows.map(({ construct, cells }): SkillRow => {
    const change = changeOf(cells);
    return {
      ...{ construct, text: constructText(construct), cells },
      tasks: cells.reduce((sum, cell) => sum + (cell?.tasks ?? 0), 0),
      ...(change !== undefined && { change }),
    };
  });
  // The server sends those of the most tasks first.
  return sort === 'tasks' ? rows : rows.sort((a, b) => gainOf(b) - gainOf(a));
}

/** In [0, 1]. */
export function rateOf({ tasks, solved }: SkillCell): number {
  return tasks === 0 ? 0 : solved / tasks;
}

/** `8 % → 71 %`; a dash where there is nothing to compare. */
export function changeText({ change }: SkillRow): string {
  return change === undefined ? '–' : `${whole(change.first)} → ${whole(change.last)}`;
}

/**
 * The largest rise that some forty constructs hardly show by chance, as a sentence; undefined where there is
 * none.
 */
export function gainSentence(rows: readonly SkillRow[]): string | undefined {
  const [best] = rows
    .filter(({ cells }) => riseInErrors(cells) >= CLEAR_RISE)
    .sort((a, b) => gainOf(b) - gainOf(a));
  return best && `Largest rise: ${best.text}, ${changeText(best)}.`;
}

/** From the first to the last rate, in standard errors of their difference were both the same. */
function riseInErrors(cells: readonly (SkillCell | null)[]): number {
  const ends = endsOf(cells);
  if (ends === undefined) return 0;
  const { first, last } = ends;
  const pooled = (first.solved + last.solved) / (first.tasks + last.tasks);
  const variance = pooled * (1 - pooled) * (1 / first.tasks + 1 / last.tasks);
  return variance === 0 ? 0 : (rateOf(last) - rateOf(first)) / Math.sqrt(variance);
}

/** The first and the last field, if both are of enough tasks to be compared. */
function endsOf(
  cells: readonly (SkillCell | null)[],
): { readonly first: SkillCell; readonly last: SkillCell } | undefined {
  const first = cells[0] ?? undefined;
  const last = cells.length < 2 ? undefined : (cells.at(-1) ?? undefined);
  if (first === undefined || last === undefined) return undefined;
  return first.tasks < FEW_TASKS || last.tasks < FEW_TASKS ? undefined : { first, last };
}

function changeOf(cells: readonly (SkillCell | null)[]): SkillRow['change'] {
  const ends = endsOf(cells);
  return ends && { first: rateOf(ends.first), last: rateOf(ends.last) };
}

function gainOf({ change }: SkillRow): number {
  return change === undefined ? -Infinity : change.last - change.first;
}

function whole(share: number): string {
  return percentText(Math.round(share * 100) / 100);
}
