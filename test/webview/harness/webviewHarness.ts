/**
 * A page as VS Code shows it: the extension's own shell with its content security policy, the built
 * bundles, the theme's variables on the root, and a host that answers what the test lets it answer.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import type { Browser, Page } from 'playwright-core';

import { pageHtml } from '../../../extension/src/panels/pageHtml.ts';
import type {
  HostMessage,
  PageAction,
  PageMessage,
} from '../../../server/protocol/webviewMessages.ts';
import { type ThemeName, THEMES } from './themes.ts';

/** Secure, as a webview's is: only such pages have a clipboard. */
const ORIGIN = 'https://webview.test';
const DIST = path.resolve(import.meta.dirname, '../../../dist/webview');
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
};

export type PageName = 'dashboard' | 'rewards';
export type Answerer = (message: PageMessage) => readonly HostMessage[];

export interface WebviewOptions {
  readonly name: PageName;
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  readonly answer: Answerer;
}

export interface WebviewUnderTest {
  readonly page: Page;
  readonly sent: readonly PageMessage[];
  /** What the browser or the page itself complained of. */
  readonly defects: readonly string[];
  actions(kind: PageAction['kind']): readonly PageAction[];
  post(message: HostMessage): Promise<void>;
  close(): Promise<void>;
}

export async function openWebview(
  browser: Browser,
  { name, theme = 'dark', width = 1200, height = 900, answer }: WebviewOptions,
): Promise<WebviewUnderTest> {
  const page = await browser.newPage({ viewport: { width, height }, reducedMotion: 'reduce' });
  const sent: PageMessage[] = [];
  const defects: string[] = [];
  page.on('pageerror', (error) => defects.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') defects.push(message.text());
  });
  await page.route(`${ORIGIN}/**`, async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === '/') {
      await route.fulfill({ contentType: 'text/html', body: shell(name) });
      return;
    }
    const file = path.join(DIST, path.basename(pathname));
    const contentType = TYPES[path.extname(file)];
    if (contentType === undefined) await route.abort();
    else await route.fulfill({ contentType, body: await readFile(file) });
  });
  const post = async (message: HostMessage) => {
    await page.evaluate((data) => {
      window.postMessage(data, '*');
    }, message);
  };
  await page.exposeFunction('azrTestPost', async (message: PageMessage) => {
    sent.push(message);
    if (message.kind === 'defect') defects.push(message.message);
    for (const reply of answer(message)) await post(reply);
  });
  await page.addInitScript(installHost, THEMES[theme]);
  await page.goto(`${ORIGIN}/`);
  return {
    page,
    sent,
    defects,
    actions: (kind) =>
      sent.flatMap((message) =>
        message.kind === 'action' && message.action.kind === kind ? [message.action] : [],
      ),
    post,
    close: () => page.close(),
  };
}

function shell(name: PageName): string {
  return pageHtml({
    title: name,
    language: 'en',
    cspSource: ORIGIN,
    scriptUri: `${ORIGIN}/${name}.js`,
    styleUri: `${ORIGIN}/${name}.css`,
    nonce: 'bm9uY2Ugb2YgYSB0ZXN0',
  });
}

/** Runs in the page before its scripts. */
function installHost({ bodyClass, tokens }: (typeof THEMES)[ThemeName]): void {
  const host = globalThis as unknown as Record<string, unknown>;
  const send = host['azrTestPost'] as (message: unknown) => Promise<void>;
  host['acquireVsCodeApi'] = () => ({
    postMessage: (message: unknown) => {
      void send(structuredClone(message));
    },
  });
  const dress = () => {
    const { documentElement: root, body } = document as unknown as {
      documentElement: HTMLElement | null;
      body: HTMLElement | null;
    };
    if (root === null || body === null) return false;
    for (const [name, value] of Object.entries(tokens)) {
      root.style.setProperty(`--vscode-${name}`, value);
    }
    body.className = bodyClass;
    body.style.backgroundColor = 'var(--vscode-editor-background)';
    return true;
  };
  const observer = new MutationObserver(() => {
    if (dress()) observer.disconnect();
  });
  observer.observe(document, { childList: true, subtree: true });
}
