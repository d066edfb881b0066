/** Real proposals of real models, and mutations of them, beside plain CPython of the same version. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { CASES_PER_ROUND, fuzz, FUZZ_LIMITS } from '../../bench/sandbox/fuzz.ts';
import { Oracle } from '../../bench/sandbox/oracle.ts';
import { judgeSeeds } from '../../bench/sandbox/verdicts.ts';
import { loadSeeds, type SeedTask } from '../../bench/sandbox/workload.ts';
import { findPython } from '../../server/src/sandbox/native/pythonInterpreter.ts';
import { oneEngineOfEachKind } from './engines.ts';

const SAMPLE = fileURLToPath(new URL('seedSample/programs.jsonl', import.meta.url));
const seeds = loadSeeds(SAMPLE) as (SeedTask & { readonly row: number })[];

/** Rows of the published list whose outputs depend on the order of sets or on addresses. */
const NOT_DETERMINISTIC = [123, 179, 221, 230, 231, 290, 384, 508];
/** Rows whose results are no literals: counters, deques, views of dicts, generators. */
const UNSERIALISABLE = 12;

const { available, missing } = await oneEngineOfEachKind();
for (const { name, reason } of missing) test.skip(`${name}: not tried, because ${reason}`);

// Plain Python meets programs that nobody has read, so it is asked only where bubblewrap holds it.
const { path: python } = await findPython('python3');
const oracle = await Oracle.open(python).catch(() => undefined);
const title = oracle === undefined ? ' (without plain Python: bubblewrap does not work here)' : '';
afterAll(async () => {
  await oracle?.close();
});

test('plain Python is not asked where bubblewrap is missing or fails', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'azr-oracle-'));
  vi.stubEnv('PATH', folder);
  try {
    await expect(Oracle.open(python)).rejects.toThrow('ENOENT');
    writeFileSync(path.join(folder, 'bwrap'), '#!/bin/sh\nexit 1\n');
    chmodSync(path.join(folder, 'bwrap'), 0o755);
    await expect(Oracle.open(python)).rejects.toThrow('bubblewrap may not work here');
  } finally {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  }
});

describe.each(available)(`$name${title}`, (engine) => {
  test('published seeds: the eight that only look deterministic are found, and plain Python agrees', async () => {
    const verdicts = await judgeSeeds(engine, seeds, oracle);
    const reasons = verdicts.map(({ validation }) => (validation.valid ? '' : validation.reason));
    const unstable = seeds.filter((_, index) => reasons[index] === 'non-deterministic');
    expect(unstable.map(({ row }) => row)).toEqual(NOT_DETERMINISTIC);
    expect(reasons.filter((reason) => reason === 'unserialisable')).toHaveLength(UNSERIALISABLE);
    expect(verdicts.flatMap(({ contradiction }) => contradiction ?? [])).toEqual([]);
    expect(verdicts.filter(({ asPublished }) => asPublished).length).toBeGreaterThanOrEqual(90);
  });

  describe.skipIf(oracle === undefined)(
    'some thousand mutated programs, inputs and answers',
    () => {
      const oracles: Oracle[] = [];
      beforeAll(async () => {
        oracles.push(...(await Promise.all([Oracle.open(python), Oracle.open(python)])));
      });
      afterAll(async () => {
        await Promise.all(oracles.map((each) => each.close()));
      });

      test('crash nothing, hang nothing, and get no verdict that plain Python contradicts', async () => {
        const sandbox = await engine.open({ workers: 2, limits: FUZZ_LIMITS });
        const options = { sandbox, oracles, seeds, seed: 5, firstRound: 0, rounds: 120 };
        const { rounds, findings, outcomes, answersScored } = await fuzz(options);
        await sandbox.close();
        expect(findings).toEqual([]);
        expect(rounds * CASES_PER_ROUND).toBe(2_040);
        // The cases are no monoculture.
        for (const outcome of ['ok', 'error', 'syntax', 'bad-input', 'unserialisable']) {
          expect(outcomes.get(outcome), outcome).toBeGreaterThan(0);
        }
        expect(answersScored).toBeGreaterThan(60);
      });

      test('would be told from plain Python’s by a wrong word', async () => {
        const program = 'def f(x):\n    return x + 1';
        const claims = [{ outcome: 'ok', output: '3' }] as const;
        const right = { program, inputs: ['2'], claims, answers: [['3', '3', true]] } as const;
        expect(await oracles[0]!.ask(right)).toEqual([]);
        expect(await oracles[0]!.ask({ ...right, inputs: ['3'] })).toHaveLength(1);
        expect(await oracles[0]!.ask({ ...right, inputs: ["'a'"] })).toHaveLength(1);
        expect(await oracles[0]!.ask({ ...right, program: 'def f(x' })).toHaveLength(1);
        expect(await oracles[0]!.ask({ ...right, answers: [['3', '4', true]] })).toHaveLength(1);
        expect(await oracles[0]!.ask({ ...right, answers: [['3', ' 3', false]] })).toHaveLength(1);
        const refused = { ...right, claims: [{ outcome: 'bad-input' }] } as const;
        expect(await oracles[0]!.ask(refused)).toHaveLength(1);
      });
    },
  );
});
