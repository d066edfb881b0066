/** A table with headers and a caption, for a few hundred rows: the other form of every picture. */
import { type Child, element } from './elements.ts';

export interface PlainTableOptions {
  readonly caption: string;
  readonly columns: readonly { readonly title: string; readonly numeric?: boolean }[];
  readonly rows: readonly (readonly Child[])[];
}

export function plainTable({ caption, columns, rows }: PlainTableOptions): HTMLElement {
  const cellClass = (index: number) => (columns[index]?.numeric === true ? 'numeric' : '');
  return element(
    'div',
    {
      className: 'plain-table',
      attributes: { tabindex: 0, role: 'region', 'aria-label': caption },
    },
    element(
      'table',
      {},
      element('caption', 'visually-hidden', caption),
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          ...columns.map(({ title }, index) =>
            element('th', { className: cellClass(index), attributes: { scope: 'col' } }, title),
          ),
        ),
      ),
      element(
        'tbody',
        {},
        ...rows.map((row) =>
          element(
            'tr',
            {},
            ...row.map((cell, index) =>
              index === 0
                ? element('th', { className: cellClass(index), attributes: { scope: 'row' } }, cell)
                : element('td', cellClass(index), cell),
            ),
          ),
        ),
      ),
    ),
  );
}
