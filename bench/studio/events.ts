/**
 * 1,000 tasks a second for a minute, through the real store, endpoint, language server, extension and
 * pages: how far behind the views ever are, and whether a row is missing in the end.
 */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

import type { Browser } from 'playwright-core';

import type { StudioAddress } from '../../test/vscode/harness/studioServer.ts';
import { webviewWith } from '../../test/vscode/harness/webviewPage.ts';
import { Workbench } from '../../test/vscode/harness/workbench.ts';
import type { GeneratedRunReport } from './generatedRunner.ts';
import type { Measurement } from './measurement.ts';

const TASKS_PER_SECOND = 1000;
const LAG_BUDGET_MS = 1000;
const LOOK_EVERY_MS = 100;
const PATIENCE_MS = 30_000;

interface Look {
  readonly at: number;
  readonly statusStep: number;
  readonly dashboardStep: number;
}

export async function measureEvents(
  browser: Browser,
  studio: StudioAddress,
  seconds: number,
): Promise<Measurement[]> {
  const workspace = path.join(studio.root, 'events');
  mkdirSync(path.join(workspace, 'runs'), { recursive: true });
  const workbench = await Workbench.open(browser, studio, workspace, 'shipped');
  try {
    await workbench.openContainer('AZR');
    const runner = promisify(execFile)(
      process.execPath,
      [
        ...process.execArgv,
        path.join(import.meta.dirname, 'generatedRunner.ts'),
        path.join(workspace, 'runs', 'generated'),
        String(TASKS_PER_SECOND),
        String(seconds),
      ],
      { maxBuffer: 2 ** 26 },
    );
    await workbench
      .tree('Runs')
      .row(/^generated/)
      .waitFor();
    await workbench.runCommand('AZR: Open Dashboard');
    const dashboard = await webviewWith(workbench.page, '.run-line');
    const line = dashboard.locator('.run-line').first();
    const status = workbench.statusItem(/AZR: /);
    const looks: Look[] = [];
    const over = new AbortController();
    const ended = runner.finally(() => {
      over.abort();
    });
    while (!over.signal.aborted) {
      const at = Date.now();
      const [statusText, lineText] = await Promise.all([status.innerText(), line.innerText()]);
      looks.push({ at, statusStep: stepIn(statusText), dashboardStep: stepIn(lineText) });
      await workbench.page.waitForTimeout(LOOK_EVERY_MS);
    }
    const report = JSON.parse((await ended).stdout) as GeneratedRunReport;
    const shown = await settledTasks(async () => tasksIn(await line.innerText()), report.tasks);
    return [
      {
        name: `tasks missing of ${String(report.tasks)}, committed at ${(report.tasks / report.seconds).toFixed(0)} a second`,
        measured: report.tasks - shown,
        budget: 0,
        unit: 'rows',
      },
      {
        name: 'status bar behind what is committed, at most',
        measured: longestLag(report, looks, ({ statusStep }) => statusStep),
        budget: LAG_BUDGET_MS,
        unit: 'ms',
      },
      {
        name: 'dashboard behind what is committed, at most',
        measured: longestLag(report, looks, ({ dashboardStep }) => dashboardStep),
        budget: LAG_BUDGET_MS,
        unit: 'ms',
      },
    ];
  } finally {
    await workbench.close();
  }
}

/** How long, at the worst look, the next step after the shown one had been committed already. */
function longestLag(
  { committedAt }: GeneratedRunReport,
  looks: readonly Look[],
  stepOf: (look: Look) => number,
): number {
  const first = looks.findIndex((look) => stepOf(look) > 0);
  const lags = looks.slice(Math.max(0, first)).map((look) => {
    const next = committedAt[stepOf(look) + 1];
    return next === undefined ? 0 : Math.max(0, look.at - next);
  });
  return Math.max(0, ...lags);
}

async function settledTasks(read: () => Promise<number>, wanted: number): Promise<number> {
  const deadline = performance.now() + PATIENCE_MS;
  let tasks = await read();
  while (tasks !== wanted && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    tasks = await read();
  }
  return tasks;
}

function stepIn(text: string): number {
  return Number(/step\s+([\d\s]+?)\s*(?:\/|of)/i.exec(text)?.[1]?.replaceAll(/\s/g, '') ?? 0);
}

function tasksIn(text: string): number {
  return Number(/Tasks\s*([\d\s]+)/.exec(text)?.[1]?.replaceAll(/\s/g, '') ?? 0);
}
