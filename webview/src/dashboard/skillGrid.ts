/** The map of skills as a grid: a construct per row, a stretch of steps per column, walked by the arrow keys. */
import type { SkillCell, SkillTable } from '../../../server/protocol/queries.ts';
import { type Child, element } from '../ui/elements.ts';
import { countText, percentText, quantityText } from '../ui/numberText.ts';
import { plainTable } from '../ui/plainTable.ts';
import { changeText, FEW_TASKS, rateOf, type SkillRow } from './skillRows.ts';

type Column = SkillTable['columns'][number];

/** Of the colours, beside none. */
export const LEVELS = 8;
/** More names of columns than this do not fit beside each other. */
const MOST_NAMES = 6;

export interface GridPlace {
  readonly construct: string;
  readonly column: number;
}

export interface GridListener {
  /** With what stands at a place when the keyboard or the mouse gets there. */
  readonly onPlace: (place: GridPlace, text: string) => void;
  /** A field was clicked, or Enter pressed on it: the last step of its column. */
  readonly onStep: (step: number) => void;
}

export function skillGrid(
  columns: readonly Column[],
  rows: readonly SkillRow[],
  label: string,
  { onPlace, onStep }: GridListener,
): HTMLElement {
  const body = rows.map((row) =>
    element(
      'tr',
      {},
      element('th', { className: 'skill-name', attributes: { scope: 'row' } }, row.text),
      ...row.cells.map((cell, index) =>
        fieldOf(
          cell,
          cellText(row, columns[index]!, cell),
          (text) => {
            onPlace({ construct: row.construct, column: index }, text);
          },
          () => {
            onStep(columns[index]!.lastStep);
          },
        ),
      ),
      element('td', 'skill-number', changeText(row)),
      element('td', 'skill-number', quantityText(row.tasks)),
    ),
  );
  const grid = element(
    'table',
    { className: 'skill-grid', attributes: { role: 'grid', 'aria-label': label } },
    element('thead', {}, element('tr', {}, ...headings(columns))),
    element('tbody', {}, ...body),
  );
  const fields = body.map((row) => [...row.querySelectorAll<HTMLElement>('.skill-cell')]);
  fields[0]?.[0]?.setAttribute('tabindex', '0');
  grid.addEventListener('keydown', (event) => {
    walk(event, fields);
  });
  return grid;
}

/** Puts the focus where it was before the grid was drawn anew. */
export function focusPlace(grid: HTMLElement, rows: readonly SkillRow[], place: GridPlace): void {
  const row = rows.findIndex(({ construct }) => construct === place.construct);
  const lines = grid.querySelectorAll('tbody tr');
  const field = lines[row]?.querySelectorAll<HTMLElement>('.skill-cell')[place.column];
  if (field === undefined) return;
  moveTo(field, grid.querySelector<HTMLElement>('[tabindex="0"]'));
}

/** The same numbers in words. */
export function skillTableOf(
  columns: readonly Column[],
  rows: readonly SkillRow[],
  caption: string,
): HTMLElement {
  return plainTable({
    caption,
    columns: [
      { title: 'Construct' },
      ...columns.map((column) => ({ title: stepsText(column), numeric: true })),
      { title: 'First → last', numeric: true },
      { title: 'Times asked', numeric: true },
    ],
    rows: rows.map((row) => [
      row.text,
      ...row.cells.map((cell) => (cell === null ? '–' : rateText(cell))),
      changeText(row),
      String(row.tasks),
    ]),
  });
}

function headings(columns: readonly Column[]): HTMLElement[] {
  const every = Math.ceil(columns.length / MOST_NAMES);
  const heading = (className: string, ...children: readonly Child[]) =>
    element('th', { className, attributes: { scope: 'col' } }, ...children);
  return [
    heading('skill-name', 'Construct'),
    ...columns.map((column, index) =>
      heading(
        'skill-step',
        element('span', 'visually-hidden', stepsText(column)),
        index % every === 0 &&
          element(
            'span',
            { attributes: { 'aria-hidden': 'true' } },
            `${index === 0 ? 'step ' : ''}${String(column.firstStep)}`,
          ),
      ),
    ),
    heading('skill-number', 'first → last'),
    heading('skill-number', 'times asked'),
  ];
}

function fieldOf(
  cell: SkillCell | null,
  text: string,
  onText: (text: string) => void,
  onOpen: () => void,
): HTMLElement {
  const level = cell === null ? 'none' : String(Math.round(rateOf(cell) * LEVELS));
  const few = cell !== null && cell.tasks < FEW_TASKS ? ' few' : '';
  const tell = () => {
    onText(text);
  };
  return element('td', {
    className: `skill-cell heat-${level}${few}`,
    attributes: { tabindex: -1, 'aria-label': text, title: text },
    on: {
      focus: tell,
      mouseenter: tell,
      click: onOpen,
      keydown: (event) => {
        if (event.key === 'Enter') onOpen();
      },
    },
  });
}

function walk(event: KeyboardEvent, fields: readonly (readonly HTMLElement[])[]): void {
  const row = fields.findIndex((line) => line.includes(event.target as HTMLElement));
  if (row < 0 || event.altKey || event.metaKey) return;
  const column = fields[row]!.indexOf(event.target as HTMLElement);
  const [lastRow, lastColumn] = [fields.length - 1, fields[row]!.length - 1];
  const targets: Readonly<Record<string, readonly [row: number, column: number]>> = {
    ArrowRight: [row, Math.min(column + 1, lastColumn)],
    ArrowLeft: [row, Math.max(column - 1, 0)],
    ArrowDown: [Math.min(row + 1, lastRow), column],
    ArrowUp: [Math.max(row - 1, 0), column],
    Home: [event.ctrlKey ? 0 : row, 0],
    End: [event.ctrlKey ? lastRow : row, lastColumn],
  };
  const [toRow, toColumn] = targets[event.key] ?? [];
  const target = toRow === undefined ? undefined : fields[toRow]?.[toColumn!];
  if (target === undefined) return;
  event.preventDefault();
  moveTo(target, event.target as HTMLElement);
}

function moveTo(target: HTMLElement, from: HTMLElement | null): void {
  from?.setAttribute('tabindex', '-1');
  target.setAttribute('tabindex', '0');
  target.focus();
}

function cellText(row: SkillRow, column: Column, cell: SkillCell | null): string {
  const where = `${row.text}, ${stepsText(column).toLowerCase()}`;
  return cell === null ? `${where}: no task` : `${where}: ${rateText(cell)}`;
}

function rateText(cell: SkillCell): string {
  return `${percentText(rateOf(cell))} of ${countText(cell.tasks, 'task')}`;
}

function stepsText({ firstStep, lastStep }: Column): string {
  return firstStep === lastStep
    ? `Step ${String(firstStep)}`
    : `Steps ${String(firstStep)}–${String(lastStep)}`;
}
