/**
 * Tabs of our own rather than the toolkit's: those keep their list in a shadow tree, out of which an
 * `aria-controls` cannot point.
 */
import { element, fill } from './elements.ts';
import { makeRoving, setTabStop } from './rovingFocus.ts';

export interface Tab {
  readonly id: string;
  readonly label: string;
  readonly panel: HTMLElement;
}

export interface Tabs {
  readonly root: HTMLElement;
  select(id: string): void;
}

export function tabs(
  label: string,
  all: readonly Tab[],
  selected: string,
  onSelect: (id: string) => void,
): Tabs {
  const heads = all.map((tab) =>
    element(
      'button',
      {
        className: 'tab',
        attributes: {
          type: 'button',
          role: 'tab',
          id: `tab-${tab.id}`,
          'aria-controls': `panel-${tab.id}`,
        },
        on: {
          click: () => {
            select(tab.id, true);
          },
        },
      },
      tab.label,
    ),
  );
  const list = element(
    'div',
    { className: 'tab-list', attributes: { role: 'tablist', 'aria-label': label } },
    ...heads,
  );
  makeRoving(list, {
    items: () => heads,
    orientation: 'horizontal',
    onMove: (_, index) => {
      select(all[index]!.id, true);
    },
  });
  const panels = all.map((tab) =>
    element(
      'div',
      {
        className: 'tab-panel',
        attributes: { role: 'tabpanel', id: `panel-${tab.id}`, 'aria-labelledby': `tab-${tab.id}` },
      },
      tab.panel,
    ),
  );
  function select(id: string, tell: boolean): void {
    const index = Math.max(
      all.findIndex((tab) => tab.id === id),
      0,
    );
    setTabStop(heads, index);
    for (const [place, head] of heads.entries()) {
      head.setAttribute('aria-selected', String(place === index));
      panels[place]!.hidden = place !== index;
    }
    if (tell) onSelect(all[index]!.id);
  }
  select(selected, false);
  const root = element('div', 'tabs');
  fill(root, list, ...panels);
  return {
    root,
    select: (id) => {
      select(id, true);
    },
  };
}
