import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { generatedSteps } from '../../bench/scale/generatedSteps.ts';
import { generateRun } from '../../bench/scale/generate.ts';
import type {
  ItemFilter,
  ProposalItem,
  RolloutItem,
  TableQuery,
} from '../../server/protocol/queries.ts';
import { TABLE_SORTS } from '../../server/protocol/queries.ts';
import { RunQueries } from '../../server/src/store/lists/runQueries.ts';
import { RunReader } from '../../server/src/store/runReader.ts';
import { SqliteRunStore } from '../../server/src/store/writer/sqliteRunStore.ts';
import { sampleInformation } from './sampleRun.ts';
import { temporaryPath, unhurriedQueries } from './temporaryRun.ts';

type Item = ProposalItem | RolloutItem;
type Asked = Pick<TableQuery, 'table' | 'sort' | 'descending' | 'limit'> & { filter?: ItemFilter };

/** All pages of a table one after another, and how many there were. */
function allPages(
  queries: RunQueries,
  asked: Asked,
  between: () => void = () => undefined,
): { items: Item[]; pages: number } {
  const items: Item[] = [];
  let cursor: string | undefined;
  let pages = 0;
  do {
    const query = { runId: 'run', ...asked, ...(cursor === undefined ? {} : { cursor }) };
    const page = queries.table(query as TableQuery);
    expect(page.items.length).toBeLessThanOrEqual(asked.limit);
    items.push(...page.items);
    cursor = page.cursor;
    pages += 1;
    between();
  } while (cursor !== undefined);
  return { items, pages };
}

/** What sorting all items in memory gives: those without a value last, equal ones by id. */
function sorted(items: readonly Item[], { sort, descending }: Asked): number[] {
  const key = (item: Item) => (item as unknown as Record<string, number | undefined>)[sort];
  const sign = descending ? -1 : 1;
  return items
    .toSorted((left, right) => {
      const [a, b] = [key(left), key(right)];
      if (a === undefined || b === undefined) {
        if (a !== b) return a === undefined ? 1 : -1;
      } else if (a !== b) return sign * (a - b);
      return sign * (left.id - right.id);
    })
    .map(({ id }) => id);
}

let folder: string;
let queries: RunQueries;
let all: Readonly<Record<'proposals' | 'rollouts', readonly Item[]>>;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-paging-'));
  const file = path.join(folder, 'run.db');
  const made = generateRun(file, { tasks: 200, seed: 7 });
  expect(made).toMatchObject({ steps: 5, tasks: 200, proposals: 300, rollouts: 2040 });
  queries = unhurriedQueries(file);
  const byId = { sort: 'id', descending: false, limit: 200 } as const;
  all = {
    proposals: allPages(queries, { table: 'proposals', ...byId }).items,
    rollouts: allPages(queries, { table: 'rollouts', ...byId }).items,
  };
});

afterAll(() => {
  queries.close();
  rmSync(folder, { recursive: true });
});

const TABLES = (['proposals', 'rollouts'] as const).flatMap((table) =>
  TABLE_SORTS[table].flatMap((sort) =>
    [false, true].map((descending) => ({ table, sort, descending }) as const),
  ),
);

describe('pages of a table joined are the table', () => {
  test('it holds every row there is', () => {
    const { lastProposalId, lastRolloutId } = queries.reader.counters();
    expect(all.proposals.map(({ id }) => id)).toEqual(oneTo(lastProposalId));
    expect(all.rollouts.map(({ id }) => id)).toEqual(oneTo(lastRolloutId));
  });

  test.each(TABLES)('$table by $sort, descending: $descending', ({ table, sort, descending }) => {
    for (const limit of [7, 100]) {
      const asked = { table, sort, descending, limit } as Asked;
      const { items, pages } = allPages(queries, asked);
      expect(items.map(({ id }) => id)).toEqual(sorted(all[table], asked));
      expect(pages).toBe(Math.ceil(all[table].length / limit));
    }
  });
});

describe('a filter leaves exactly what fits, in every order', () => {
  const isRollout = (item: Item): item is RolloutItem => item.kind === 'rollout';
  const FILTERS: readonly (readonly [string, ItemFilter, (item: Item) => boolean])[] = [
    ['a step', { step: 3 }, ({ step }) => step === 3],
    ['modes', { modes: ['induction', 'deduction'] }, ({ mode }) => mode !== 'abduction'],
    [
      'malformed or rejected',
      { verdicts: ['malformed', 'rejected'] },
      (item) =>
        isRollout(item)
          ? item.verdict === 'malformed' || (item.role === 'proposer' && item.taskId === undefined)
          : !item.accepted,
    ],
    [
      'reasons',
      { reasons: ['duplicate', 'timeout', 'not-a-literal'] },
      (item) =>
        isRollout(item)
          ? item.verdictReason === 'not-a-literal'
          : item.reason === 'duplicate' || item.reason === 'timeout',
    ],
    [
      'a step and a verdict',
      { step: 2, verdicts: ['correct', 'accepted'], roles: ['solver', 'proposer'] },
      (item) =>
        item.step === 2 &&
        (isRollout(item)
          ? item.verdict === 'correct' || (item.taskId !== undefined && item.role === 'proposer')
          : item.accepted),
    ],
  ];

  test.each(FILTERS)('%s', (_what, filter, fits) => {
    for (const { table, sort, descending } of TABLES) {
      const asked = { table, sort, descending, limit: 40, filter } as Asked;
      const { items } = allPages(queries, asked);
      const expected = sorted(all[table].filter(fits), asked);
      expect(expected.length).toBeGreaterThan(0);
      expect(items.map(({ id }) => id)).toEqual(expected);
    }
  });

  test('a text, against the programs themselves', () => {
    const tasks = queries.reader.tasks({ afterId: 0, limit: 1000 }, {});
    const proposals = queries.reader.proposals({ afterId: 0, limit: 1000 });
    const needle = 'SORTED(x)';
    const fits = (text: string | undefined) => text?.toLowerCase().includes('sorted(x)') === true;
    const expected = proposals
      .filter(({ program, message, rolloutId }) =>
        [program ?? queries.reader.rollout(rolloutId)?.completion, message].some(fits),
      )
      .map(({ id }) => id);
    const asked = { table: 'proposals', sort: 'id', descending: false, limit: 9 } as const;
    const found = allPages(queries, { ...asked, filter: { text: needle } }).items;
    expect(found.map(({ id }) => id)).toEqual(expected);
    expect(expected.length).toBeLessThan(proposals.length);
    expect(tasks.some(({ program }) => fits(program))).toBe(true);
  });
});

describe('while a runner commits', () => {
  const [firstSteps, laterSteps] = split([...generatedSteps({ tasks: 160, seed: 3 })], 2);
  let original: string;

  beforeAll(() => {
    original = path.join(folder, 'original.db');
    const store = SqliteRunStore.create(original, sampleInformation());
    for (const step of firstSteps) store.commitStep(step);
    store.close();
  });

  test.each(TABLES)(
    '$table by $sort, descending: $descending: what was there comes exactly once',
    ({ table, sort, descending }) => {
      const file = temporaryPath();
      copyFileSync(original, file);
      const store = SqliteRunStore.open(file);
      const reading = unhurriedQueries(file);
      const asked = { table, sort, descending, limit: 50 } as Asked;
      const before = new Set(
        firstSteps
          .flatMap((step) => step[table] as readonly { readonly id: number }[])
          .map(({ id }) => id),
      );
      const waiting = laterSteps.values();
      const { items, pages } = allPages(reading, asked, () => {
        const next = waiting.next();
        if (next.done !== true) store.commitStep(next.value);
      });
      expect(pages).toBeGreaterThan(2);
      const ids = items.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.filter((id) => before.has(id))).toHaveLength(before.size);
      reading.close();
      store.close();
    },
  );
});

describe('a search that would take too long', () => {
  /** A clock by which every look takes longer than a query may. */
  function slowClock(): () => number {
    let now = 0;
    return () => (now += 30);
  }

  test('stops, says where to go on, and finds everything in the end', () => {
    const reader = RunReader.open(path.join(folder, 'run.db'));
    const slow = new RunQueries(reader, slowClock());
    const asked = { table: 'rollouts', sort: 'reward', descending: true, limit: 100 } as const;
    const filter = { text: '7' };
    const quick = allPages(queries, { ...asked, filter });
    const halting = allPages(slow, { ...asked, filter });
    expect(halting.items).toEqual(quick.items);
    expect(halting.pages).toBeGreaterThan(quick.pages);

    const nothing = allPages(slow, { ...asked, filter: { text: 'zebra' } });
    expect(nothing.items).toEqual([]);
    expect(nothing.pages).toBeGreaterThan(1);
    reader.close();
  });

  test('also over steps', () => {
    const reader = RunReader.open(path.join(folder, 'run.db'));
    const slow = new RunQueries(reader, slowClock());
    const query = { runId: 'run', order: 'oldest', limit: 10 } as const;
    const filter: ItemFilter = { verdicts: ['malformed'] };
    const quick = queries.steps({ ...query, filter });
    const found = [];
    let beyondStep = -1;
    let pages = 0;
    for (;;) {
      const page = slow.steps({ ...query, filter, beyondStep });
      found.push(...page.items);
      pages += 1;
      if (page.cursor === undefined) break;
      expect(Number(page.cursor)).toBeGreaterThan(beyondStep);
      beyondStep = Number(page.cursor);
    }
    expect(found).toEqual(quick.items);
    expect(pages).toBeGreaterThan(1);
    reader.close();
  });
});

function oneTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

function split<Value>(values: readonly Value[], at: number): [Value[], Value[]] {
  return [values.slice(0, at), values.slice(at)];
}
