/**
 * The window of VS Code as a person uses it: palette, quick pick, tree, editor, notifications. What
 * goes wrong on the page without being seen (errors, violations of a content security policy) is
 * collected in {@link Workbench.defects}.
 */
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';

import type { StudioAddress } from './studioServer.ts';
import { defectOf } from './pageDefects.ts';
import { TreeView } from './treeView.ts';

/** Wide enough for tree, editor and side panel; small enough for a README. */
const VIEWPORT = { width: 1440, height: 900 };
const PALETTE_TRY_MS = 3000;
const DEFAULT_TIMEOUT_MS = 30_000;

/** What is needed of the page's elements here; the tests have no types of a page. */
interface PageElement {
  readonly offsetTop: number;
  readonly textContent: string;
}

/**
 * For every frame, before its own scripts. What turns in VS Code turns for those too who want less
 * motion, and its 20 pictures a second cost as much as everything else that is drawn.
 */
const HOLD_STILL = `
  const still = new CSSStyleSheet();
  still.replaceSync('*, ::before, ::after { animation: none !important; }');
  document.adoptedStyleSheets.push(still);
`;

/** Whether a text is in what VS Code keeps of a window for the next time that it opens. */
const REMEMBERS = `async (text) => {
  for (const { name } of await indexedDB.databases()) {
    if (!name.startsWith('vscode-web-state-db')) continue;
    const opening = indexedDB.open(name);
    await new Promise((resolve) => { opening.onsuccess = resolve; });
    const database = opening.result;
    try {
      for (const store of database.objectStoreNames) {
        const reading = database.transaction(store).objectStore(store).getAll();
        await new Promise((resolve) => { reading.onsuccess = resolve; });
        if (reading.result.some((value) => String(value).includes(text))) return true;
      }
    } finally {
      database.close();
    }
  }
  return false;
}`;

export class Workbench {
  readonly page: Page;
  /** Errors of the page and its frames so far, VS Code's own noise left out. */
  readonly defects: string[] = [];
  readonly #context: BrowserContext;
  #leaving = false;

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
    page.on('console', (message) => {
      this.#note(message.type(), message.text(), message.location().url);
    });
    page.on('pageerror', (error) => {
      this.#note('error', `${error.message}\n${error.stack ?? ''}`, '');
    });
    page.on('framenavigated', (frame) => {
      if (frame === page.mainFrame()) this.#leaving = false;
    });
  }

  #note(type: string, text: string, url: string): void {
    const defect = defectOf(type, text, url, this.#leaving);
    if (defect !== undefined) this.defects.push(defect);
  }

  /**
   * Opens a folder in a browser profile of its own, as a first visit does.
   * @param motion `shipped` for who measures what a person waits for.
   */
  static async open(
    browser: Browser,
    studio: StudioAddress,
    folder: string,
    motion: 'still' | 'shipped' = 'still',
  ): Promise<Workbench> {
    // Without a GPU, every frame of what only turns or glides is painted by the processor.
    const context = await browser.newContext({ viewport: VIEWPORT, reducedMotion: 'reduce' });
    const { name, value } = studio.session;
    await context.addCookies([{ name, value, url: studio.workbench, sameSite: 'Strict' }]);
    if (motion === 'still') await context.addInitScript({ content: HOLD_STILL });
    const page = await context.newPage();
    page.setDefaultTimeout(DEFAULT_TIMEOUT_MS);
    const workbench = new Workbench(context, page);
    await page.goto(`${studio.workbench}?folder=${encodeURIComponent(folder)}`);
    await workbench.untilReady();
    return workbench;
  }

  async untilReady(): Promise<void> {
    await this.page.locator('.monaco-workbench').waitFor();
    await this.page.locator('.statusbar-item').first().waitFor();
    await this.page
      .locator('.explorer-folders-view, .pane-body, .tree-explorer-viewlet-tree-view')
      .first()
      .waitFor();
  }

  async reload(): Promise<void> {
    this.#leaving = true;
    await this.page.reload();
    await this.untilReady();
  }

  /**
   * Whether VS Code has stored that a webview panel is open, some seconds after it was opened.
   * @param viewType of the panel; it alone is stored earlier, with the panel's origin.
   */
  remembersPanel(viewType: string): Promise<boolean> {
    const text = JSON.stringify(`mainThreadWebview-${viewType}`);
    return this.page.evaluate(`(${REMEMBERS})(${text})`);
  }

  /** Closes the window, but not the profile of its browser. */
  async leave(): Promise<void> {
    this.#leaving = true;
    await this.page.goto('about:blank');
  }

  /** Opens the window again that was left. */
  async comeBack(): Promise<void> {
    await this.page.goBack();
    await this.untilReady();
  }

  /** The page must go before its browser: the extension host would wait for it for hours. */
  async close(): Promise<void> {
    await this.page.close();
    await this.#context.close();
  }

  /** Runs a command of the palette. The palette's list is what was known when it opened, so it is reopened. */
  async runCommand(title: string, timeoutMs = 2 * DEFAULT_TIMEOUT_MS): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      await this.page.keyboard.press('F1');
      try {
        // While a palette closes, another one does not open.
        await this.quickInput.fill(`>${title}`, { timeout: PALETTE_TRY_MS });
        await this.quickPickRow(title).click({ timeout: PALETTE_TRY_MS });
        return;
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await this.page.keyboard.press('Escape');
      }
    }
  }

  get quickPick(): Locator {
    return this.page.locator('.quick-input-widget:visible');
  }

  get quickInput(): Locator {
    return this.quickPick.locator('input[type=text], input:not([type])').first();
  }

  quickPickRow(name: string | RegExp): Locator {
    return this.quickPick.getByRole('option', { name }).first();
  }

  async quickPickRows(): Promise<readonly string[]> {
    await this.quickPick.getByRole('option').first().waitFor();
    const rows = await this.quickPick.getByRole('option').all();
    return Promise.all(rows.map(async (row) => (await row.getAttribute('aria-label')) ?? ''));
  }

  async openFile(name: string): Promise<void> {
    await this.page.keyboard.press('Control+P');
    await this.quickInput.fill(name);
    await this.quickPickRow(name).click();
    await this.tab(name).waitFor();
  }

  tab(title: string | RegExp): Locator {
    return this.page.locator('.tab', { hasText: title });
  }

  get activeTab(): Locator {
    return this.page.locator('.editor-group-container.active .tab.active');
  }

  /** The editor that has the focus, or had it last. */
  get editor(): Locator {
    return this.page.locator('.editor-group-container.active .editor-instance');
  }

  lens(text: string | RegExp): Locator {
    return this.editor.locator('.codelens-decoration a', { hasText: text }).first();
  }

  /** The visible lines of the active editor, as one text. */
  async editorText(): Promise<string> {
    const lines = this.editor.locator('.view-lines .view-line');
    await lines.first().waitFor();
    const found = await lines.evaluateAll((elements: readonly PageElement[]) =>
      elements.map((element) => ({ top: element.offsetTop, text: element.textContent })),
    );
    return found
      .toSorted((left, right) => left.top - right.top)
      .map(({ text }) => text.replaceAll('\u00a0', ' '))
      .join('\n');
  }

  tree(title: string): TreeView {
    return new TreeView(this.page, title);
  }

  statusItem(text: string | RegExp): Locator {
    return this.page.locator('.statusbar-item', { hasText: text }).first();
  }

  notification(text: string | RegExp): Locator {
    return this.page.locator('.notifications-toasts .notification-list-item', { hasText: text });
  }

  /** What error notifications say now; the end of every story expects none. */
  async errorNotifications(): Promise<readonly string[]> {
    return this.page
      .locator('.notification-list-item:has(.codicon-error) .notification-list-item-message')
      .allInnerTexts();
  }

  /** Opens a view container by its icon, unless it is the open one. */
  async openContainer(title: string): Promise<void> {
    const action = this.page.locator(
      `.activitybar .action-item:has(.action-label[aria-label^="${title}"])`,
    );
    await action.waitFor();
    const classes = (await action.getAttribute('class')) ?? '';
    if (!/\bchecked\b/.test(classes)) await action.click();
  }
}
