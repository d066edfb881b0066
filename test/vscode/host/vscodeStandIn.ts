/**
 * Stands in for the program of VS Code's desktop: takes `--extensionDevelopmentPath=`,
 * `--extensionTestsPath=` and a folder, runs the tests in the real extension host behind a headless
 * browser, and ends with exit code 0 when they passed.
 */
import path from 'node:path';
import { format } from 'node:util';

import { launchBrowser } from '../harness/browser.ts';
import { startStudioServer } from '../harness/studioServer.ts';

const TIMEOUT_MS = 240_000;

function optionsNamed(name: string): readonly string[] {
  const prefix = `--${name}=`;
  return process.argv
    .filter((word) => word.startsWith(prefix))
    .map((word) => path.resolve(word.slice(prefix.length)));
}

const [tests] = optionsNamed('extensionTestsPath');
const folder = process.argv.slice(2).find((word) => !word.startsWith('-'));
if (tests === undefined || folder === undefined) {
  throw new Error('Usage: --extensionDevelopmentPath=… --extensionTestsPath=… <folder>');
}

const server = await startStudioServer({});
const browser = await launchBrowser();
try {
  const { workbench, session } = server.address;
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const { name, value } = session;
  await context.addCookies([{ name, value, url: workbench, sameSite: 'Strict' }]);
  const page = await context.newPage();
  const authority = new URL(workbench).host;
  const uriOf = (file: string) => ({ scheme: 'vscode-remote', authority, path: file });
  await page.addInitScript(addDevelopmentOptions, {
    extensions: optionsNamed('extensionDevelopmentPath').map(uriOf),
    extensionTestsPath: uriOf(tests),
  });
  const exitCode = new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`The tests did not end within ${String(TIMEOUT_MS / 1000)} s.`));
    }, TIMEOUT_MS);
    void page.exposeFunction('codeAutomationLog', (type: string, words: unknown[]) => {
      if (type === 'error') process.stderr.write(`${format(...words)}\n`);
    });
    void page.exposeFunction('codeAutomationExit', (code: number) => {
      clearTimeout(timer);
      resolve(code);
    });
  });
  await page.goto(`${workbench}?folder=${encodeURIComponent(path.resolve(folder))}`);
  process.exitCode = await exitCode;
  await page.close();
} catch (error) {
  process.exitCode = 1;
  process.stderr.write(`${String(error)}\n`);
} finally {
  await browser.close();
  const left = await server.stop();
  if (left.length > 0) {
    process.exitCode = 1;
    process.stderr.write(`These processes outlived VS Code:\n${left.join('\n')}\n`);
  }
}

/** Runs in the page, before VS Code: it reads what to develop and test from its configuration. */
function addDevelopmentOptions(options: object): void {
  interface PageElement {
    readonly id: string;
    getAttribute(name: string): string | null;
  }
  const { prototype } = (globalThis as unknown as { Element: { prototype: PageElement } }).Element;

  const original = prototype.getAttribute;
  prototype.getAttribute = function (this: PageElement, name: string) {
    const value = original.call(this, name);
    if (name !== 'data-settings' || this.id !== 'vscode-workbench-web-configuration' || !value) {
      return value;
    }
    const configuration = JSON.parse(value) as { developmentOptions?: object };
    configuration.developmentOptions = { ...configuration.developmentOptions, ...options };
    return JSON.stringify(configuration);
  };
}
