/** A tree in a side bar, by what a person reads in it. */
import type { Locator, Page } from 'playwright-core';

const EXPAND_TIMEOUT_MS = 20_000;
const SETTLE_MS = 300;

/** What is needed of the page's rows here; the tests have no types of a page. */
interface TreeRow {
  readonly offsetTop: number;
  getAttribute(name: string): string | null;
}

export class TreeView {
  readonly pane: Locator;

  constructor(page: Page, title: string) {
    this.pane = page.locator('.pane', {
      has: page.locator(`.pane-header[aria-label^="${title}"]`),
    });
  }

  row(name: string | RegExp): Locator {
    return this.pane.getByRole('treeitem', { name }).first();
  }

  /** Rows as they are read out, from top to bottom. */
  async rows(): Promise<readonly string[]> {
    return labelsOf(this.pane.getByRole('treeitem'));
  }

  /** The same, of one level only; that of a root is 1. */
  async rowsAtLevel(level: number): Promise<readonly string[]> {
    return labelsOf(this.pane.getByRole('treeitem', { level }));
  }

  /** Rows move while a run adds steps, so a click may miss: what counts is that the row is open. */
  async expand(name: string | RegExp): Promise<void> {
    const row = this.row(name);
    await row.waitFor();
    const deadline = performance.now() + EXPAND_TIMEOUT_MS;
    while ((await row.getAttribute('aria-expanded')) === 'false') {
      if (performance.now() > deadline) throw new Error(`${String(name)} does not open.`);
      await row.locator('.monaco-tl-twistie').click();
      await row.page().waitForTimeout(SETTLE_MS);
    }
  }
}

/** In one look, since rows come and go; the page keeps them in another order than the screen. */
async function labelsOf(rows: Locator): Promise<string[]> {
  const found = await rows.evaluateAll((elements: readonly TreeRow[]) =>
    elements.map((row) => ({ top: row.offsetTop, label: row.getAttribute('aria-label') ?? '' })),
  );
  return found.toSorted((left, right) => left.top - right.top).map(({ label }) => label);
}
