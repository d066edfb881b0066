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
import { type Scan, WINDOW_ROWS } from '../../server/src/store/lists/scan.ts';
import { SqliteRunStore } from '../../server/src/store/writer/sqliteRunStore.ts';
import { sampleInformation } from './sampleRun.ts';
import { temporaryPath } from './temporaryRun.ts';
import { whole, WholeQueries } from './wholeQueries.ts';

type Item = ProposalItem | RolloutItem;
type Asked = Pick<TableQuery, 'table' | 'sort' | 'descending' | 'limit'> & { filter?: ItemFilter };

/** All pages of a table one after another, and how many there were. */
function allPages(
  queries: WholeQueries,
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
let queries: WholeQueries;
let all: Readonly<Record<'proposals' | 'rollouts', readonly Item[]>>;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-paging-'));
  const file = path.join(folder, 'run.db');
  const made = generateRun(file, { tasks: 200, seed: 7 });
  expect(made).toMatchObject({ steps: 5, tasks: 200, proposals: 300, rollouts: 2040 });
  queries = WholeQueries.open(file);
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
      const reading = WholeQueries.open(file);
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

describe('a scan', () => {
  const table = { runId: 'run', table: 'rollouts', sort: 'id', descending: false } as const;
  const steps = { runId: 'run', order: 'oldest', limit: 10 } as const;

  /** The answer, and how many windows were looked at before the last one. */
  function windowsOf<Result>(scan: Scan<Result>): { result: Result; windows: number } {
    for (let windows = 0; ; windows += 1) {
      const window = scan.next();
      if (window.done === true) return { result: window.value, windows };
    }
  }

  test('goes through all rows in windows, to a full page or the end', () => {
    const scans = RunQueries.open(path.join(folder, 'run.db'));
    const nothing = windowsOf(scans.table({ ...table, limit: 100, filter: { text: 'zebra' } }));
    const windows = Math.floor(all.rollouts.length / WINDOW_ROWS);
    expect(windows).toBeGreaterThan(1);
    expect(nothing).toEqual({ result: { items: [] }, windows });
    const filter: ItemFilter = { modes: ['deduction'], roles: ['proposer'] };
    const fits = all.rollouts.filter(
      (item) => item.kind === 'rollout' && item.mode === 'deduction' && item.role === 'proposer',
    );
    expect(fits).toHaveLength(100);
    const most = windowsOf(scans.table({ ...table, limit: 99, filter }));
    expect(most.result.items).toEqual(fits.slice(0, 99));
    expect(most.result.cursor).toBeDefined();
    const last = windowsOf(scans.table({ ...table, limit: 100, filter }));
    expect(last).toMatchObject({ result: { items: fits }, windows });
    expect(last.result.cursor).toBeUndefined();
    scans.close();
  });

  test('over steps gives full pages too', () => {
    const file = temporaryPath();
    generateRun(file, { tasks: 800, seed: 7 });
    const scans = RunQueries.open(file);
    const filter: ItemFilter = { verdicts: ['malformed'] };
    const { result, windows } = windowsOf(scans.steps({ ...steps, filter }));
    expect(result.items.map(({ step }) => step)).toEqual(oneTo(10).map((step) => step - 1));
    expect(result.cursor).toBe('9');
    expect(windows).toBe(1);
    const rest = windowsOf(scans.steps({ ...steps, filter, beyondStep: 9 }));
    expect(rest.result.items.map(({ step }) => step)).toEqual(oneTo(10).map((step) => step + 9));
    expect(rest.result.cursor).toBeUndefined();
    scans.close();
  });

  test('begins again when steps are taken back meanwhile, so that no answer mixes two states', () => {
    const file = temporaryPath();
    const made = [...generatedSteps({ tasks: 200, seed: 3 })];
    const store = SqliteRunStore.create(file, sampleInformation());
    for (const step of made) store.commitStep(step);
    const scans = RunQueries.open(file);
    const scan = scans.table({ ...table, limit: 200, filter: { roles: ['proposer'] } });
    const curriculum = scans.curriculum('run', 4);
    expect(scan.next().done).toBe(false);
    expect(curriculum.next().done).toBe(false);
    store.discardStepsAfter(1);
    store.commitStep(made[2]!);
    expect(whole(scan).items.map(({ step }) => step)).toEqual(
      made
        .slice(0, 3)
        .flatMap(({ step, rollouts }) =>
          rollouts.filter(({ role }) => role === 'proposer').map(() => step),
        ),
    );
    expect(whole(curriculum)).toEqual(whole(RunQueries.open(file).curriculum('run', 4)));
    scans.close();
    store.close();
  });
});

function oneTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

function split<Value>(values: readonly Value[], at: number): [Value[], Value[]] {
  return [values.slice(0, at), values.slice(at)];
}
