/** Fuzzes engines one after another for a time, and prints what was found. */
import { availableParallelism } from 'node:os';
import { findPython } from '../../server/src/sandbox/native/pythonInterpreter.ts';
import type { Engine } from '../../test/sandbox/engines.ts';
import { CASES_PER_ROUND, fuzz, FUZZ_LIMITS } from './fuzz.ts';
import { Oracle } from './oracle.ts';
import { loadSeeds } from './workload.ts';

export interface FuzzPlan {
  /** Programs, inputs and answers together, for each engine. */
  readonly cases: number;
  readonly seed: number;
  readonly firstRound: number;
  /** Time for each engine. */
  readonly minutes: number;
}

const PROGRESS_MS = 60_000;

/** Throws at the end when anything was found. */
export async function fuzzEngines(
  engines: readonly Engine[],
  file: string | undefined,
  plan: FuzzPlan,
): Promise<void> {
  const seeds = loadSeeds(file);
  if (seeds === undefined) throw new Error('Name a file of seed programs by --programs-file.');
  const python = await findPython('python3');
  let found = 0;
  for (const engine of engines) {
    const workers = availableParallelism();
    const sandbox = await engine.open({ workers, limits: FUZZ_LIMITS });
    // More rounds than workers are under way, since each waits for its oracle a part of the time.
    const oracles = await Promise.all(
      Array.from({ length: workers + 1 }, () => Oracle.open(python.path)),
    );
    const started = performance.now();
    const deadline = started + plan.minutes * 60_000;
    let played = 0;
    let nextProgress = started + PROGRESS_MS;
    const report = await fuzz({
      sandbox,
      oracles,
      seeds,
      seed: plan.seed,
      firstRound: plan.firstRound,
      rounds: Math.ceil(plan.cases / CASES_PER_ROUND),
      isOver: () => {
        played += 1;
        const now = performance.now();
        if (now >= nextProgress) {
          nextProgress = now + PROGRESS_MS;
          console.log(`${engine.name}: about ${played * CASES_PER_ROUND} cases`);
        }
        return now >= deadline;
      },
      onFinding: ({ round, program, problem }) => {
        console.log(`round ${round}: ${JSON.stringify(problem)}\n${program}\n`);
      },
    });
    await Promise.all(oracles.map((oracle) => oracle.close()));
    await sandbox.close();
    found += report.findings.length;
    const seconds = (performance.now() - started) / 1000;
    console.log(
      `${engine.name}: ${report.rounds * CASES_PER_ROUND} cases (${report.rounds} programs, as many inputs ` +
        `and answers times eight) in ${seconds.toFixed(0)} s; ${report.findings.length} findings`,
    );
    console.log(`  outcomes: ${JSON.stringify(Object.fromEntries(report.outcomes))}`);
    console.log(
      `  left out as not deterministic: ${report.notDeterministic}; answers that scored: ${report.answersScored}`,
    );
    console.log(`  next: --seed ${plan.seed} --first-round ${plan.firstRound + report.rounds}`);
  }
  if (found > 0) throw new Error(`${found} findings.`);
}
