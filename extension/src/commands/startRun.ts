/** Start AZR Run: asks what to train, has the server start it, and shows its tasks as they come. */
import { ProblemError } from '../../../server/protocol/problem.ts';
import type { CancellationToken } from 'vscode';

import type { RunId, RunOverview, StartRequest } from '../../../server/protocol/runs.ts';
import { dashboardOpening } from '../settings.ts';
import { window } from '../shown/safeWindow.ts';
import type { Studio } from '../studio.ts';
import { TREE_VIEW_ID } from '../tree/taskTree.ts';
import { ensureEngineKey } from './engineKey.ts';
import { fetchModel } from './fetchModel.ts';
import { parentFolder } from './parentFolder.ts';
import { pickStart, type PickedStart } from './pickStart.ts';
import type { ChosenStart } from './startChoices.ts';

const LAST_CHOICE_KEY = 'azr.lastChoice';
const DASHBOARD_OPENED_KEY = 'azr.dashboardOpened';
/** Longest time to wait for a first step before the view's progress bar ends. */
const FIRST_STEP_TIMEOUT_MS = 10 * 60_000;

export async function startRun(studio: Studio): Promise<void> {
  const folder = await parentFolder(studio);
  if (folder === undefined) return;
  const machine = studio.connection.request('azr/machine', { folder }).then((overview) => {
    if (overview.problem !== undefined) throw ProblemError.of(overview.problem);
    return overview;
  });
  const last = studio.context.globalState.get<ChosenStart>(LAST_CHOICE_KEY);
  const picked = await pickStart(machine, last);
  if (picked === undefined) return;
  if (picked.mustFetch) await fetchModel(studio, picked.chosen.value);
  await studio.context.globalState.update(LAST_CHOICE_KEY, picked.chosen);
  const request = startRequest(folder, picked);
  if (!(await ensureEngineKey(studio, request))) return;
  const runId = await start(studio, request);
  if (runId === undefined) return;
  await studio.showRun(runId);
  await openDashboard(studio, runId);
  // The command is done; what is still to come shows in the view.
  followFirstStep(studio, runId).catch((error: unknown) => {
    studio.log.warn(`Following the first step: ${String(error)}`);
  });
}

/** Beside the tree, which keeps the keyboard. */
async function openDashboard({ context, dashboard }: Studio, runId: RunId): Promise<void> {
  const opening = dashboardOpening();
  const isFirst = context.globalState.get(DASHBOARD_OPENED_KEY) !== true;
  if (opening === 'never' || (opening === 'firstTime' && !isFirst)) return;
  await context.globalState.update(DASHBOARD_OPENED_KEY, true);
  dashboard.show([runId], true);
}

function startRequest(folder: string, { chosen, settings }: PickedStart): StartRequest {
  return chosen.kind === 'run-file'
    ? { parentFolder: folder, runFile: chosen.value, settings }
    : { parentFolder: folder, settings: { ...settings, model: chosen.value } };
}

/** Undefined when the user gave the start up meanwhile. */
async function start(studio: Studio, request: StartRequest): Promise<RunId | undefined> {
  const source = studio.beginStart();
  try {
    const { runId } = await window.withProgress({ location: { viewId: TREE_VIEW_ID } }, () =>
      studio.connection.request('azr/start', request, source.token),
    );
    return runId;
  } catch (error) {
    if (isGivenUp(source.token)) return undefined;
    throw error;
  } finally {
    studio.endStart(source);
  }
}

function isGivenUp(token: CancellationToken): boolean {
  return token.isCancellationRequested;
}

/** The view shows progress until the first tasks are there, and then the first of them. */
async function followFirstStep(studio: Studio, runId: RunId): Promise<void> {
  const run = await window.withProgress({ location: { viewId: TREE_VIEW_ID } }, () =>
    studio.runs.until(runId, hasTasksOrEnded, FIRST_STEP_TIMEOUT_MS),
  );
  if (run === undefined || run.lastStep < 0 || !studio.tree.view.visible) return;
  const stepNode = await studio.treeModel.stepNode(runId, run.lastStep);
  if (stepNode === undefined) return;
  const groups = await studio.treeModel.children(stepNode);
  const first = groups.find(({ kind }) => kind === 'group');
  if (first !== undefined) {
    await studio.tree.reveal(first, { focus: false, select: false, expand: true });
  }
}

function hasTasksOrEnded(run: RunOverview): boolean {
  return run.lastStep >= 0 || !['starting', 'running', 'pausing'].includes(run.state);
}
