/** Completions and prompts in packs: what goes in comes out, also from databases of anybody's making. */
import { DatabaseSync } from 'node:sqlite';
import { deflateRawSync } from 'node:zlib';

import { describe, expect, test } from 'vitest';

import type { ProposalRecord, RolloutRecord, StepRecord } from '../../server/protocol/records.ts';
import {
  packNumbers,
  packTexts,
  unpackNumbers,
  unpackTexts,
} from '../../server/src/store/packs/packFormat.ts';
import { RunReader } from '../../server/src/store/runReader.ts';
import { SqliteRunStore } from '../../server/src/store/writer/sqliteRunStore.ts';
import { handMadeSteps, proposerRollout, solverRollout } from './handMadeSteps.ts';
import { sampleStep } from './sampleRun.ts';
import { runWith, storeErrorOf } from './temporaryRun.ts';
import { WholeQueries } from './wholeQueries.ts';

/** A generator of whole numbers below 2³², by its seed. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
}

/** Bytes that stand for any Float32, not-a-numbers and zeros of either sign included. */
function anyFloats(count: number, next: () => number): number[] {
  const special = [0, -0, Infinity, -Infinity, Number.NaN, 2 ** -149, -(2 ** -126), 3.4e38];
  const view = new DataView(new ArrayBuffer(4));
  return Array.from({ length: count }, (_, index) => {
    if (index < special.length) return Math.fround(special[index]!);
    view.setUint32(0, next());
    return view.getFloat32(0);
  });
}

function stepOf(rollouts: readonly RolloutRecord[]): StepRecord {
  return { ...sampleStep(0), proposals: [], tasks: [], rollouts };
}

/** The rows of a table, by a connection that knows nothing of packs. */
function rowsOf(path: string, sql: string): Record<string, unknown>[] {
  const database = new DatabaseSync(path);
  const rows = database.prepare(sql).all();
  database.close();
  return rows;
}

describe('a step with completions of every kind', () => {
  const next = randomNumbers(11);
  const rollouts = Array.from({ length: 40 }, (_, index): RolloutRecord => {
    // Lengths from nothing over more than a pack to more than any pack may hold.
    const length = [0, 1, 7, 300, 5000][index % 5]!;
    const tooLarge = index === 20 ? 300_000 : length;
    const fields = {
      prompt: `[${String(index % 4)}] Was gibt f(„Ü“)? ${'again '.repeat(index % 4)}`,
      promptTokens: Array.from({ length: index % 4 }, (_, place) => (index % 4) + 49_000 * place),
      completion: `${'ab ü 🙂\n'.repeat(length)}${String(next())}`,
      tokens: Array.from({ length: tooLarge }, () => next() | 0),
      logProbabilities: anyFloats(tooLarge, next),
    };
    return index % 2 === 0
      ? { ...solverRollout(index + 1, 0, 'deduction', 1 + (index % 4), 'wrong', fields) }
      : { ...proposerRollout(index + 1, 0, 'induction', fields), group: 1 + (index % 4) };
  });

  test('comes back as it was, log-probabilities to the last bit', () => {
    const { path, store } = runWith([stepOf(rollouts)]);
    store.close();
    const reader = RunReader.open(path);
    for (const rollout of rollouts) {
      const stored = reader.rollout(rollout.id)!;
      // `toEqual` tells −0 from 0 and takes not-a-numbers for equal.
      expect(stored).toEqual(rollout);
    }
    const summaries = reader.rollouts({ afterId: 0, limit: 100 });
    expect(summaries.map(({ tokenCount }) => tokenCount)).toEqual(
      rollouts.map(({ tokens }) => tokens.length),
    );
    expect(summaries.map(({ completion }) => completion)).toEqual(
      rollouts.map(({ completion }) => completion),
    );
    reader.close();
  });

  test('is packed by role and mode, but for what is too large', () => {
    const { path, store } = runWith([stepOf(rollouts)]);
    store.close();
    const unpacked = rowsOf(path, 'SELECT id FROM rollout WHERE pack IS NULL');
    expect(unpacked).toEqual([{ id: 21 }]);
    const mixed = rowsOf(
      path,
      'SELECT pack FROM rollout WHERE pack IS NOT NULL GROUP BY pack HAVING count(DISTINCT role) > 1',
    );
    expect(mixed).toEqual([]);
    const [{ packs, most }] = rowsOf(
      path,
      'SELECT count(*) AS packs, max(place) AS most FROM rollout_pack JOIN rollout ON pack = rollout_pack.id',
    ) as [{ packs: number; most: number }];
    expect(packs).toBe(39);
    expect(most).toBeGreaterThan(1);
    const kept = "SELECT count(*) AS rows FROM rollout WHERE completion <> '' OR tokens <> x''";
    expect(rowsOf(path, kept)).toEqual([{ rows: 1 }]);
  });

  test('is written in the same bytes whenever it is written', () => {
    const packs = [1, 2].map(() => {
      const { path, store } = runWith([stepOf(rollouts)]);
      store.close();
      return ['rollout_pack', 'prompt_pack'].map((table) => rowsOf(path, `SELECT * FROM ${table}`));
    });
    expect(packs[0]).toEqual(packs[1]);
    expect(packs[0]![0]!.length).toBeGreaterThan(5);
  });
});

test('a pack is smaller than its items, and they come back in any order', () => {
  const texts = ['def f(a):\n    return a', '', 'def f(a):\n    return a + 1', 'ü🙂'].flatMap(
    (text) => Array.from({ length: 9 }, (_, index) => text + String(index)),
  );
  const packed = packTexts(texts);
  expect(packed.length).toBeLessThan(texts.join('').length / 2);
  const unpacked = unpackTexts(packed);
  for (const place of [35, 0, 17]) expect(unpacked.text(place)).toBe(texts[place]);
  expect(() => unpacked.text(36)).toThrow(RangeError);
  expect(() => unpacked.text(-1)).toThrow(RangeError);
  expect(() => unpacked.text(0.5)).toThrow(RangeError);

  // Worked out by hand: one item of two numbers; planes of lowest bytes first.
  const planes = [1, 8, 0x44, 0xdd, 0, 0, 0x33, 0xcc, 0, 0, 0x22, 0xbb, 0, 0, 0x11, 0xaa];
  const numbers = Uint8Array.of(0x44, 0x33, 0x22, 0x11, 0xdd, 0xcc, 0xbb, 0xaa);
  expect([...unpackNumbers(deflateRawSync(Uint8Array.from(planes))).blob(0)]).toEqual([...numbers]);
  expect([...unpackNumbers(packNumbers([numbers])).blob(0)]).toEqual([...numbers]);
});

describe('lists and searches see what is packed', () => {
  const steps = handMadeSteps();
  const [seeding, step] = steps as [StepRecord, StepRecord];
  const malformed: RolloutRecord = {
    ...solverRollout(12, 1, 'deduction', 8, 'malformed', {
      completion: 'I would say Übermorgen, 100%_sure',
    }),
    taskId: 3,
  };
  delete (malformed as { answer?: string }).answer;
  const unread = proposerRollout(13, 1, 'abduction', { completion: '  no program, only Words\n' });
  const proposal: ProposalRecord = {
    id: 5,
    step: 1,
    mode: 'abduction',
    rolloutId: 13,
    referenceTaskIds: [],
    accepted: false,
    reason: 'format',
    reasonMessage: 'No program.',
  };
  const run = () => {
    const { path, store } = runWith([
      seeding,
      {
        ...step,
        rollouts: [...step.rollouts, malformed, unread],
        proposals: [...step.proposals, proposal],
      },
    ]);
    store.close();
    return WholeQueries.open(path);
  };

  test.each([
    ['rollouts', 'übermorgen', [12]],
    ['rollouts', '100%_SURE', [12]],
    ['rollouts', 'only words', [13]],
    ['proposals', 'ONLY words', [5]],
    ['proposals', 'übermorgen', []],
  ] as const)('%s with the text %s', (table, text, ids) => {
    const queries = run();
    const query = { runId: 'run', table, sort: 'id', descending: false, limit: 50 } as const;
    const { items } = queries.table({ ...query, filter: { text } });
    expect(items.map((item) => ('id' in item ? item.id : undefined))).toEqual(ids);
    queries.close();
  });

  test('the title of a proposal that could not be read', () => {
    const queries = run();
    const items = queries.stepItems({
      ...{ runId: 'run', step: 1, role: 'proposer', mode: 'abduction', offset: 0, limit: 9 },
    });
    expect(items.items.map(({ title }) => title)).toEqual(['no program, only Words']);
    queries.close();
  });

  test('rollouts sorted by their tokens use the index', () => {
    const { path, store } = runWith(steps);
    store.close();
    const plan = rowsOf(
      path,
      `EXPLAIN QUERY PLAN SELECT id FROM rollout
       ORDER BY rollout.token_count DESC, id DESC LIMIT 9`,
    );
    expect(plan.map(({ detail }) => String(detail)).join()).toContain('rollout_token_count');
    const queries = WholeQueries.open(path);
    const query = { runId: 'run', table: 'rollouts', sort: 'tokenCount' } as const;
    const { items } = queries.table({ ...query, descending: false, limit: 1 });
    expect(items).toMatchObject([{ id: 4, tokenCount: 1 }]);
    queries.close();
  });

  test('a viewer does not take a discarded pack for the one that took its number', () => {
    const { path, store } = runWith(steps);
    const reader = RunReader.open(path);
    expect(reader.rollout(6)?.completion).toBe('6');
    store.discardStepsAfter(0);
    const again = step.rollouts.map((rollout) => ({ ...rollout, completion: 'anew' }));
    store.commitStep({ ...step, rollouts: again });
    expect(reader.rollout(6)?.completion).toBe('anew');
    reader.close();
    store.close();
  });
});

describe('a pack that no version of ours writes is reported as damage', () => {
  const hostile: readonly (readonly [string, string, Uint8Array])[] = [
    ['no deflated data', 'completions', Uint8Array.of(0xff, 0xff, 0xff)],
    ['nothing', 'completions', new Uint8Array()],
    ['cut off', 'completions', packTexts(['a'.repeat(99), 'b'.repeat(99)]).subarray(0, 5)],
    ['no head', 'completions', deflateRawSync('ab')],
    ['a head of four thousand million items', 'completions', deflateRawSync('\xff'.repeat(8))],
    [
      'lengths beyond its end',
      'completions',
      deflateRawSync(Buffer.from([1, 0, 0, 0, 9, 0, 0, 0])),
    ],
    ['too few items', 'completions', packTexts(['one'])],
    ['a hundred megabytes of nothing', 'completions', deflateRawSync(new Uint8Array(1e8))],
    ['numbers of a hundred megabytes', 'tokens', deflateRawSync(new Uint8Array(1e8))],
    ['numbers that end within one', 'tokens', deflateRawSync(new Uint8Array(7))],
    ['too few numbers', 'log_probabilities', packNumbers([])],
  ];

  test.each(hostile)('%s', (_what, column, data) => {
    const { path, store } = runWith(handMadeSteps());
    store.close();
    const database = new DatabaseSync(path);
    database.prepare(`UPDATE rollout_pack SET ${column} = ?`).run(data);
    database.close();
    const reader = RunReader.open(path);
    const before = performance.now();
    const error = storeErrorOf(() => reader.rollout(7));
    expect(error.code).toBe('corrupt');
    expect(error.message).toContain(path);
    // A hundred megabytes would take longer; nothing beyond the limit is inflated.
    expect(performance.now() - before).toBeLessThan(1000);
    reader.close();
  });

  test('a pack that is missing, in details, lists and searches', () => {
    const { path, store } = runWith(handMadeSteps());
    store.close();
    rowsOf(path, 'DELETE FROM rollout_pack');
    const queries = WholeQueries.open(path);
    const table = { runId: 'run', table: 'rollouts', sort: 'id', descending: false } as const;
    for (const ask of [
      () => queries.reader.rollout(6),
      () => queries.reader.rollouts({ afterId: 0, limit: 9 }),
      () => queries.table({ ...table, limit: 9, filter: { text: 'x' } }),
    ]) {
      expect(storeErrorOf(ask).code).toBe('corrupt');
    }
    queries.close();
  });

  test("a foreign schema, which could call the store's functions, is not opened", () => {
    const { path, store } = runWith(handMadeSteps());
    store.close();
    rowsOf(path, 'CREATE VIEW hostile AS SELECT azr_prompt(1, 0) AS text');
    const error = storeErrorOf(() => RunReader.open(path));
    expect(error.code).toBe('corrupt');
    expect(error.message).toContain('view hostile');
  });
});

test('a store that was open throughout reads what it wrote', () => {
  const { store } = runWith(handMadeSteps());
  expect(store.reader.rollout(11)).toEqual(
    handMadeSteps()[1]!.rollouts.find(({ id }) => id === 11),
  );
  expect(store).toBeInstanceOf(SqliteRunStore);
  store.close();
});
