/** Every kind of page that a viewer asks for, timed on a generated run. */
import type { ItemFilter, TableQuery } from '../../server/protocol/queries.ts';
import { rewardStory } from '../../server/src/languageServer/rewards/rewardStory.ts';
import { cursorText } from '../../server/src/store/lists/pageCursor.ts';
import { RunQueries } from '../../server/src/store/lists/runQueries.ts';
import type { Scan } from '../../server/src/store/lists/scan.ts';

const OPEN_BUDGET_MS = 300;
const PAGE_BUDGET_MS = 50;

const REPETITIONS = 10;
/** Searches through all rows are not repeated after this time. */
const REPEATING_MS = 2000;
const RUN = { runId: 'generated' };

export interface Measurement {
  readonly name: string;
  /** The first time it was asked, when little of it was in memory. */
  readonly firstMs: number;
  readonly medianMs: number;
  /** The longest time for which nothing else is answered: a window of a scan, else the whole answer. */
  readonly worstMs: number;
  /** Most time that a processor spent on that, without waiting for the disk or for other programs. */
  readonly processorMs: number;
  readonly budgetMs: number;
  readonly rows: number;
}

interface Question {
  readonly name: string;
  readonly budgetMs?: number;
  /** How many rows came back. */
  readonly ask: (queries: RunQueries) => number | Scan<number>;
}

/** Opens the run anew for the first figure, then asks everything of one connection. */
export function measureQueries(path: string): Measurement[] {
  const opened = measure({
    name: 'open, read the settings and the first page of steps',
    budgetMs: OPEN_BUDGET_MS,
    ask: () => {
      const queries = RunQueries.open(path);
      queries.reader.information();
      queries.reader.counters();
      const steps = counted(
        queries.steps({ ...RUN, order: 'newest', limit: 50 }),
        ({ items }) => items.length,
      );
      let window = steps.next();
      while (window.done !== true) window = steps.next();
      queries.close();
      return window.value;
    },
  });
  const queries = RunQueries.open(path);
  const measured = questions(queries).map((question) =>
    measure({ ...question, ask: () => question.ask(queries) }),
  );
  queries.close();
  return [opened, ...measured];
}

function measure({
  name,
  budgetMs = PAGE_BUDGET_MS,
  ask,
}: Omit<Question, 'ask'> & { ask: () => number | Scan<number> }): Measurement {
  let rows = 0;
  let processorMs = 0;
  let worstMs = 0;
  const window = <Result>(look: () => Result): Result => {
    const processor = process.cpuUsage();
    const before = performance.now();
    const result = look();
    worstMs = Math.max(worstMs, performance.now() - before);
    const { user, system } = process.cpuUsage(processor);
    processorMs = Math.max(processorMs, (user + system) / 1000);
    return result;
  };
  const times: number[] = [];
  const began = performance.now();
  while (times.length < REPETITIONS && performance.now() - began < REPEATING_MS) {
    const before = performance.now();
    const answer = window(ask);
    if (typeof answer === 'number') rows = answer;
    else {
      for (;;) {
        const found = window(() => answer.next());
        if (found.done !== true) continue;
        rows = found.value;
        break;
      }
    }
    times.push(performance.now() - before);
  }
  const sorted = times.toSorted((left, right) => left - right);
  return {
    name,
    firstMs: times[0]!,
    medianMs: sorted[Math.floor(sorted.length / 2)]!,
    worstMs,
    processorMs,
    budgetMs,
    rows,
  };
}

function questions({ reader }: RunQueries): Question[] {
  const { lastStep, lastTaskId, lastRolloutId, lastProposalId } = reader.counters();
  const middle = (last: number): number => Math.floor(last / 2);
  const places: Readonly<Record<string, number>> = {
    solveRate: 0.5,
    learnability: 0.5,
    syntaxNodes: 20,
    advantage: 0,
    tokenCount: 20,
    reward: -0.5,
  };
  const table = (
    name: string,
    query: Pick<TableQuery, 'table' | 'sort'>,
    more: { readonly deep?: boolean; readonly filter?: ItemFilter; readonly up?: boolean } = {},
  ): Question => {
    const last = query.table === 'proposals' ? lastProposalId : lastRolloutId;
    const key = places[query.sort];
    const place =
      key === undefined
        ? { kind: 'unvalued' as const, id: middle(last) }
        : { kind: 'valued' as const, key, id: middle(last) };
    const descending = more.up !== true;
    const order = `${query.table} ${query.sort} ${descending ? 'down' : 'up'}`;
    const asked = {
      ...RUN,
      ...query,
      descending,
      limit: 100,
      ...(more.deep === true ? { cursor: cursorText(order, place) } : {}),
      ...(more.filter === undefined ? {} : { filter: more.filter }),
    } as TableQuery;
    return {
      name: `table of ${query.table}, ${name}`,
      ask: (queries) => counted(queries.table(asked), ({ items }) => items.length),
    };
  };
  const steps = (name: string, more: { beyondStep?: number; filter?: ItemFilter }): Question => ({
    name: `steps, ${name}`,
    ask: (queries) =>
      counted(
        queries.steps({ ...RUN, order: 'newest', limit: 200, ...more }),
        ({ items }) => items.length,
      ),
  });
  const items = (name: string, role: 'proposer' | 'solver', filter: ItemFilter): Question => ({
    name: `items of a step, ${name}`,
    ask: (queries) =>
      queries.stepItems({
        ...RUN,
        ...{ step: middle(lastStep), role, mode: 'deduction', offset: 0, limit: 200, filter },
      }).items.length,
  });
  const noHit = { text: 'zebra crossing' };
  return [
    steps('first page', {}),
    steps('deep', { beyondStep: middle(lastStep) }),
    steps('of one mode', { filter: { modes: ['abduction'] } }),
    steps('with malformed answers', { filter: { verdicts: ['malformed'] } }),
    steps('with a rare reason', { filter: { reasons: ['forged'] } }),
    steps('searched without a hit', { filter: noHit }),
    items('proposals', 'proposer', {}),
    items('attempts', 'solver', {}),
    items('attempts with malformed answers', 'solver', { verdicts: ['malformed'] }),
    items('attempts, searched without a hit', 'solver', noHit),
    ...(['id', 'solveRate', 'learnability', 'reward', 'syntaxNodes'] as const).flatMap((sort) => [
      table(`by ${sort}, first page`, { table: 'proposals', sort } as const),
      table(`by ${sort}, deep`, { table: 'proposals', sort } as const, { deep: true }),
    ]),
    ...(['id', 'reward', 'advantage', 'tokenCount'] as const).flatMap((sort) => [
      table(`by ${sort}, first page`, { table: 'rollouts', sort } as const),
      table(`by ${sort}, deep`, { table: 'rollouts', sort } as const, { deep: true }),
    ]),
    table(
      'rejected, by reward, upwards',
      { table: 'proposals', sort: 'reward' },
      { up: true, filter: { verdicts: ['rejected'] } },
    ),
    table(
      'with a rare reason',
      { table: 'proposals', sort: 'id' },
      { filter: { reasons: ['forged'] } },
    ),
    table(
      'rare reason, by reward',
      { table: 'proposals', sort: 'reward' },
      { filter: { reasons: ['forged'] } },
    ),
    table(
      'malformed, by advantage',
      { table: 'rollouts', sort: 'advantage' },
      { filter: { verdicts: ['malformed'] } },
    ),
    table(
      'without any hit',
      { table: 'rollouts', sort: 'id' },
      { filter: { reasons: ['crashed'] } },
    ),
    table(
      'of one step, by reward',
      { table: 'rollouts', sort: 'reward' },
      { filter: { step: middle(lastStep) } },
    ),
    table('searched with hits', { table: 'proposals', sort: 'id' }, { filter: { text: 'SORTED' } }),
    table('searched without a hit', { table: 'proposals', sort: 'id' }, { filter: noHit }),
    table('searched without a hit', { table: 'rollouts', sort: 'id' }, { filter: noHit }),
    table(
      'searched without a hit, by reward',
      { table: 'rollouts', sort: 'reward' },
      { filter: noHit },
    ),
    table(
      'searched for an umlaut without a hit',
      { table: 'rollouts', sort: 'id' },
      { filter: { text: 'Äpfel' } },
    ),
    {
      name: 'answers to a task',
      ask: (queries) => queries.answers(middle(lastTaskId), 200).items.length,
    },
    {
      name: 'children of the first task',
      ask: (queries) => queries.relatives.childrenOfTask(1, 200).length,
    },
    {
      name: 'proposal of a task, and its place',
      ask: ({ relatives }) => {
        const proposal = relatives.proposalOfTask(middle(lastTaskId));
        return proposal === undefined || relatives.proposalPosition(proposal) < 0 ? 0 : 1;
      },
    },
    {
      name: 'story of a reward',
      ask: (queries) =>
        rewardStory(queries, RUN.runId, middle(lastRolloutId), (tokens) => tokens.map(String))
          ?.stages.length ?? 0,
    },
    {
      name: 'names of the metrics',
      ask: (queries) => queries.metricNames().length,
    },
    {
      name: 'twelve curves over the whole run',
      ask: (queries) => curves(queries, queries.metricNames().slice(0, 12), -1),
    },
    {
      name: 'all curves over the whole run',
      ask: (queries) => curves(queries, queries.metricNames(), -1),
    },
    {
      name: 'all curves, the latest ten steps',
      ask: (queries) => curves(queries, queries.metricNames(), lastStep - 10),
    },
    {
      name: 'curriculum in 40 stretches',
      ask: (queries) =>
        counted(queries.curriculum(RUN.runId, 40), ({ stretches }) => stretches.length),
    },
    {
      name: 'map of skills',
      ask: (queries) => queries.skillMap(RUN.runId).selfPlay.rows.length,
    },
  ];
}

function* counted<Result>(scan: Scan<Result>, count: (result: Result) => number): Scan<number> {
  return count(yield* scan);
}

function curves(queries: RunQueries, names: readonly string[], afterStep: number): Scan<number> {
  const asked = { ...RUN, names, afterStep, maximumPoints: 500 };
  return counted(queries.metrics(asked), ({ steps }) => steps.length);
}
