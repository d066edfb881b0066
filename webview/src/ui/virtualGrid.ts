/**
 * A grid of any number of rows of one height, of which only those in view exist. One tab stop; the
 * row that the keyboard is on is told by `aria-activedescendant`, so that recycling rows loses nothing.
 */
import { element, fill, setAttributes } from './elements.ts';

const ROW_HEIGHT = 24;
const ROWS_BEYOND_VIEW = 8;

export interface GridColumn<Row> {
  readonly id: string;
  readonly title: string;
  readonly numeric?: boolean;
  readonly sortable?: boolean;
  /** Explains the column, as its tooltip. */
  readonly explanation?: string;
  readonly cell: (row: Row) => string;
  /** Class of the cell, for a verdict's colour. */
  readonly tone?: (row: Row) => string;
}

export interface GridOptions<Row> {
  readonly label: string;
  readonly onOpen: (row: Row) => void;
  /** A second thing to do with a row: the key and the double click with Alt. */
  readonly onSecond?: (row: Row) => void;
  readonly onSort: (column: string) => void;
  /** The last rows are in view; more may be fetched. */
  readonly onEnd: () => void;
}

export class VirtualGrid<Row> {
  readonly root: HTMLElement;
  readonly #options: GridOptions<Row>;
  readonly #head = element('div', { className: 'grid-row grid-head', attributes: { role: 'row' } });
  readonly #body = element('div', { className: 'grid-body', attributes: { role: 'rowgroup' } });
  #columns: readonly GridColumn<Row>[] = [];
  #rows: readonly Row[] = [];
  #hasMore = false;
  #active = 0;
  #drawn: { first: number; last: number } | undefined;

  constructor(options: GridOptions<Row>) {
    this.#options = options;
    this.root = element(
      'div',
      { className: 'grid', attributes: { role: 'grid', tabindex: 0, 'aria-label': options.label } },
      element('div', { className: 'grid-header', attributes: { role: 'rowgroup' } }, this.#head),
      this.#body,
    );
    this.root.addEventListener('scroll', () => {
      this.#draw();
    });
    this.root.addEventListener('keydown', (event) => {
      this.#onKey(event);
    });
    this.root.addEventListener('focus', () => {
      this.#mark();
    });
    new ResizeObserver(() => {
      this.#draw();
    }).observe(this.root);
  }

  get isAtTop(): boolean {
    return this.root.scrollTop < ROW_HEIGHT;
  }

  setColumns(
    columns: readonly GridColumn<Row>[],
    sort: { readonly column: string; readonly descending: boolean },
  ): void {
    this.#columns = columns;
    this.root.className = `grid grid-${String(columns.length)}`;
    fill(this.#head, ...columns.map((column) => this.#headCell(column, sort)));
    this.#redraw();
  }

  setRows(rows: readonly Row[], hasMore: boolean, keepPlace: boolean): void {
    this.#rows = rows;
    this.#hasMore = hasMore;
    if (!keepPlace) {
      this.#active = 0;
      this.root.scrollTop = 0;
    }
    this.#active = Math.min(this.#active, Math.max(rows.length - 1, 0));
    this.#body.style.height = `${String(rows.length * ROW_HEIGHT)}px`;
    setAttributes(this.root, {
      'aria-rowcount': hasMore ? -1 : rows.length + 1,
      'aria-colcount': this.#columns.length,
    });
    this.#redraw();
  }

  #headCell(
    { id, title, numeric, sortable, explanation }: GridColumn<Row>,
    sort: { readonly column: string; readonly descending: boolean },
  ): HTMLElement {
    const sorted = sort.column === id;
    const sign = sorted ? (sort.descending ? ' ▾' : ' ▴') : '';
    return element(
      'div',
      {
        className: `grid-cell column-${id}${numeric === true ? ' numeric' : ''}`,
        attributes: {
          role: 'columnheader',
          title: explanation,
          'aria-sort': sorted ? (sort.descending ? 'descending' : 'ascending') : undefined,
        },
      },
      sortable === true
        ? element(
            'button',
            {
              className: 'sort-button',
              attributes: { type: 'button' },
              on: {
                click: () => {
                  this.#options.onSort(id);
                },
              },
            },
            `${title}${sign}`,
          )
        : title,
    );
  }

  #redraw(): void {
    this.#drawn = undefined;
    this.#draw();
  }

  #draw(): void {
    const { scrollTop, clientHeight } = this.root;
    const first = Math.max(Math.floor(scrollTop / ROW_HEIGHT) - ROWS_BEYOND_VIEW, 0);
    const last = Math.min(
      Math.ceil((scrollTop + clientHeight) / ROW_HEIGHT) + ROWS_BEYOND_VIEW,
      this.#rows.length,
    );
    if (this.#hasMore && last >= this.#rows.length - ROWS_BEYOND_VIEW) this.#options.onEnd();
    if (this.#drawn?.first === first && this.#drawn.last === last) return;
    this.#drawn = { first, last };
    fill(
      this.#body,
      ...this.#rows.slice(first, last).map((row, offset) => this.#row(row, first + offset)),
    );
    this.#mark();
  }

  #row(row: Row, index: number): HTMLElement {
    const made = element(
      'div',
      {
        className: 'grid-row',
        attributes: { role: 'row', id: `row-${String(index)}`, 'aria-rowindex': index + 2 },
        on: {
          click: (event) => {
            this.#active = index;
            this.#mark();
            if (event.altKey) this.#options.onSecond?.(row);
            else this.#options.onOpen(row);
          },
        },
      },
      ...this.#columns.map(({ id, numeric, cell, tone }) =>
        element(
          'div',
          {
            className: `grid-cell column-${id}${numeric === true ? ' numeric' : ''} ${tone?.(row) ?? ''}`,
            attributes: { role: 'gridcell' },
          },
          cell(row),
        ),
      ),
    );
    made.style.top = `${String(index * ROW_HEIGHT)}px`;
    return made;
  }

  #mark(): void {
    for (const row of this.#body.children) {
      const active = row.id === `row-${String(this.#active)}`;
      row.classList.toggle('active', active);
      setAttributes(row, { 'aria-selected': active ? 'true' : 'false' });
    }
    const exists = this.#body.querySelector('.active') !== null;
    setAttributes(this.root, {
      'aria-activedescendant': exists ? `row-${String(this.#active)}` : undefined,
    });
  }

  #onKey(event: KeyboardEvent): void {
    if (event.target !== this.root || event.altKey || event.ctrlKey || event.metaKey) return;
    const page = Math.max(Math.floor(this.root.clientHeight / ROW_HEIGHT) - 2, 1);
    const targets: Readonly<Record<string, number>> = {
      ArrowDown: this.#active + 1,
      ArrowUp: this.#active - 1,
      PageDown: this.#active + page,
      PageUp: this.#active - page,
      Home: 0,
      End: this.#rows.length - 1,
    };
    const target = targets[event.key];
    const row = this.#rows[this.#active];
    if (target !== undefined) this.#moveTo(target);
    else if (event.key === 'Enter' && row !== undefined) this.#options.onOpen(row);
    else if (event.key === 'r' && row !== undefined) this.#options.onSecond?.(row);
    else return;
    event.preventDefault();
  }

  #moveTo(index: number): void {
    this.#active = Math.min(Math.max(index, 0), Math.max(this.#rows.length - 1, 0));
    const top = this.#active * ROW_HEIGHT;
    const { scrollTop, clientHeight } = this.root;
    // The header lies over the first row's height.
    if (top < scrollTop) this.root.scrollTop = top;
    else if (top + 2 * ROW_HEIGHT > scrollTop + clientHeight) {
      this.root.scrollTop = top + 2 * ROW_HEIGHT - clientHeight;
    }
    this.#draw();
    this.#mark();
  }
}
