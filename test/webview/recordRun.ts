/**
 * Records what the server answers for one real run, for the tests of the pages:
 *
 *     node scripts/run.mjs test/webview/recordRun.ts <run folder>
 *
 * The run in the repository is 40 steps of azr-nano with seed 3, probed every 4 steps and sampled every
 * 20; the lines of its held-out file name a stratum each.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import type { ItemFilter, Page, RolloutItem, TableQuery } from '../../server/protocol/queries.ts';
import type { RewardStory } from '../../server/protocol/rewardStory.ts';
import type { RunOverview } from '../../server/protocol/runs.ts';
import { MODES } from '../../server/protocol/vocabulary.ts';
import { TASK_CHANGES } from '../../server/protocol/learning.ts';
import { MAXIMUM_PAGE } from '../../server/protocol/queries.ts';
import { changedTasks, learningReport } from '../../server/src/runs/learningReport.ts';
import { RunFiguresReader } from '../../server/src/runs/runFigures.ts';
import { runConfiguration } from '../../server/src/languageServer/features/runConfiguration.ts';
import { OpenRuns } from '../../server/src/languageServer/openRuns.ts';
import { tellReward } from '../../server/src/languageServer/requests/tellReward.ts';
import { TokenReaders } from '../../server/src/languageServer/requests/tokenTexts.ts';
import { existingRunFolder } from '../../server/src/runFolder/runFolder.ts';
import { RunReader } from '../../server/src/store/runReader.ts';
import { MAXIMUM_POINTS } from '../../webview/src/dashboard/metricStore.ts';
import { METRIC_NAMES, STRETCHES } from '../../webview/src/dashboard/runData.ts';
import { WholeQueries } from '../store/wholeQueries.ts';
import { RECORDING_PATH, requestKey } from './harness/recordedHost.ts';

const RUN_ID = 'recorded-run';
/** Rows kept of a page; the pages ask for more and are told that there are none. */
const ROWS = 60;

const folder = existingRunFolder(path.resolve(process.argv[2] ?? '.'));
const reader = RunReader.open(folder.database);
const run = new OpenRuns({ folder: () => folder, run: () => ({ folder, reader }) }).run(RUN_ID);
const queries = new WholeQueries(reader);
const answers: Record<string, unknown> = {};
const rollouts: Record<string, number> = {};

function record(method: string, parameters: object, answer: unknown): void {
  answers[requestKey(method, parameters)] = answer;
}

function recordTable(
  table: TableQuery['table'],
  sort: string,
  descending: boolean,
  filter: ItemFilter,
): Page<unknown> {
  const query = { runId: RUN_ID, descending, limit: 200, filter, table, sort } as TableQuery;
  const page = { items: queries.table(query).items.slice(0, ROWS) };
  record('azr/table', query, page);
  return page;
}

async function recordStory(
  name: string,
  rolloutId: number | undefined,
): Promise<RewardStory | undefined> {
  if (rolloutId === undefined) return undefined;
  rollouts[name] ??= rolloutId;
  const parameters = { runId: RUN_ID, rolloutId };
  const story = await tellReward({ ...run, id: RUN_ID }, rolloutId, tokenReaders);
  record('azr/rewardStory', parameters, story);
  return story;
}

const tokenReaders = new TokenReaders();
const names = METRIC_NAMES;
const metrics = queries.metrics({
  runId: RUN_ID,
  names,
  afterStep: -1,
  maximumPoints: MAXIMUM_POINTS,
});
record(
  'azr/metrics',
  { runId: RUN_ID, names, afterStep: -1, maximumPoints: MAXIMUM_POINTS },
  metrics,
);
record(
  'azr/curriculum',
  { runId: RUN_ID, stretches: STRETCHES },
  queries.curriculum(RUN_ID, STRETCHES),
);
record('azr/learning', { runId: RUN_ID }, learningReport(reader));
for (const change of TASK_CHANGES) {
  const query = { runId: RUN_ID, change, limit: MAXIMUM_PAGE };
  record('azr/changedTasks', query, changedTasks(reader, query));
}
record('azr/skillMap', { runId: RUN_ID }, queries.skillMap(RUN_ID));
record('azr/configuration', { runId: RUN_ID }, runConfiguration({ ...run, id: RUN_ID }));
recordTable('proposals', 'id', true, {});
recordTable('proposals', 'solveRate', true, {});
recordTable('proposals', 'solveRate', false, {});
recordTable('proposals', 'id', true, { step: 20 });
recordTable('proposals', 'id', true, { verdicts: ['rejected'] });
recordTable('proposals', 'id', true, { text: 'return' });
recordTable('rollouts', 'id', true, {});
const solved = recordTable('rollouts', 'advantage', true, {
  step: 20,
  roles: ['solver'],
  verdicts: ['correct'],
}) as Page<RolloutItem>;
/** Whether the trained proposer wrote the task: what the starting model wrote has no advantage. */
async function isOfProposer(rolloutId: number): Promise<boolean> {
  const { links } = await tellReward({ ...run, id: RUN_ID }, rolloutId, tokenReaders);
  return queries.relatives.rolloutItem(links.proposal ?? -1)?.phase === 'propose';
}
let shown: number | undefined;
for (const { id, phase } of solved.items) {
  if (shown === undefined && phase === 'estimate' && (await isOfProposer(id))) shown = id;
}
const solver = await recordStory('solver', shown);
await recordStory('worst', solver?.links.worstSibling);
await recordStory('best', solver?.links.bestSibling);
const proposal = await recordStory('proposer', solver?.links.proposal);
await recordStory('attempt', proposal?.links.firstAttempt);
const rejected = queries.table({
  runId: RUN_ID,
  table: 'proposals',
  sort: 'id',
  descending: true,
  limit: 50,
  filter: { verdicts: ['rejected'], reasons: ['error', 'non-deterministic', 'syntax', 'format'] },
}).items[0];
if (rejected?.kind === 'proposal') await recordStory('rejected', rejected.rolloutId);
for (const mode of ['induction', 'abduction'] as const) {
  const [first] = queries.table({
    runId: RUN_ID,
    table: 'rollouts',
    sort: 'advantage',
    descending: false,
    limit: 5,
    filter: { roles: ['solver'], modes: [mode], verdicts: ['wrong'] },
  }).items;
  await recordStory(mode, first?.id);
}

const figures = new RunFiguresReader(reader).read().shown;
const probes = (metrics.series['probe.greedy.mean'] ?? []).filter((value) => value !== null);
const overview: RunOverview = {
  id: RUN_ID,
  name: 'azr-nano, seed 3',
  folder: '/work/project/runs/azr-nano-seed-3',
  state: 'finished',
  createdAt: '2026-11-25T08:32:03.000Z',
  preset: 'studio',
  model: 'azr-nano',
  seed: 3,
  lastStep: metrics.steps.at(-1) ?? 0,
  steps: 40,
  taskCount: figures.taskCount,
  proposalCount: figures.proposalCount,
  sequence: metrics.sequence,
  solveRate: mean(MODES.map((mode) => metrics.series[`solver.${mode}.solveRate`]?.at(-1) ?? 0)),
  heldOutBefore: probes[0] ?? 0,
  heldOutAfter: probes.at(-1) ?? 0,
};
writeFileSync(RECORDING_PATH, `${JSON.stringify({ overview, rollouts, answers })}\n`);
console.log(rollouts);

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
