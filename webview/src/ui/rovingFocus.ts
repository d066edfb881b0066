/**
 * One tab stop for a group of things: the arrow keys, Home and End move within it, Tab leaves it.
 */
export interface RovingOptions {
  readonly items: () => readonly HTMLElement[];
  readonly orientation: 'horizontal' | 'vertical' | 'both';
  /** Called when the keyboard moved to an item; a tab list selects with it. */
  readonly onMove?: (item: HTMLElement, index: number) => void;
}

export function makeRoving(group: HTMLElement, options: RovingOptions): void {
  group.addEventListener('keydown', (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const items = options.items();
    const current = items.findIndex((item) => item === document.activeElement);
    const target = current < 0 ? undefined : targetIndex(event.key, current, items.length, options);
    const item = target === undefined ? undefined : items[target];
    if (item === undefined || target === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    setTabStop(items, target);
    item.focus();
    options.onMove?.(item, target);
  });
}

/** Makes the item at `index` the one that Tab reaches. */
export function setTabStop(items: readonly HTMLElement[], index: number): void {
  for (const [place, item] of items.entries()) item.tabIndex = place === index ? 0 : -1;
}

function targetIndex(
  key: string,
  current: number,
  count: number,
  { orientation }: RovingOptions,
): number | undefined {
  const along = orientation !== 'vertical';
  const across = orientation !== 'horizontal';
  switch (key) {
    case 'ArrowRight':
      return along ? Math.min(current + 1, count - 1) : undefined;
    case 'ArrowLeft':
      return along ? Math.max(current - 1, 0) : undefined;
    case 'ArrowDown':
      return across ? Math.min(current + 1, count - 1) : undefined;
    case 'ArrowUp':
      return across ? Math.max(current - 1, 0) : undefined;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return undefined;
  }
}
