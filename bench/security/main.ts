/**
 * `npm run bench:security [-- --mutations <count>] [--seed <number>]`: random damage to a run folder,
 * and everything that this product does with the folder then. Ends with 1 where something hung for more
 * than two seconds, took more than 300 MB, failed as a defect, or touched a file beside the folder.
 *
 * Work goes to the folder for temporary files: in memory (TMPDIR=/dev/shm) it is ten times as fast.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';

import { randomSource } from '../../test/randomJson.ts';
import { makeCanaryTree, snapshotOf } from '../../test/security/canaryTree.ts';
import { makeModel } from '../../test/security/harmlessRun.ts';
import { MutatedRun } from '../../test/security/runFolderMutations.ts';

const HANG_MS = 2_000;
const MEMORY_BYTES = 300 * 2 ** 20;
/** In one process, as a window or a command is one: what the C library keeps for itself grows for ever. */
const MUTATIONS_AT_ONCE = 10_000;

const { values } = parseArgs({
  options: {
    mutations: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    part: { type: 'string' },
  },
});
const wanted = Number(values.mutations);
const hasFault =
  values.part === undefined
    ? await damageInParts()
    : await damage(Number(values.seed) * 1000 + Number(values.part));
process.exitCode = hasFault ? 1 : 0;

async function damageInParts(): Promise<boolean> {
  let faulty = 0;
  const parts = Math.ceil(wanted / MUTATIONS_AT_ONCE);
  for (let part = 0; part < parts; part += 1) {
    const mutations = Math.min(MUTATIONS_AT_ONCE, wanted - part * MUTATIONS_AT_ONCE);
    const child = fork(import.meta.filename, [
      ...['--part', String(part), '--seed', values.seed, '--mutations', String(mutations)],
    ]);
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) faulty += 1;
  }
  console.log(`${wanted} mutations, seed ${values.seed}: ${faulty} of ${parts} parts had faults`);
  return faulty > 0;
}

async function damage(seed: number): Promise<boolean> {
  const parent = mkdtempSync(path.join(tmpdir(), 'azr-fuzz-'));
  const model = path.join(parent, 'model');
  makeModel(model);
  const canaries = makeCanaryTree(path.join(parent, 'canaries'), model);
  const before = snapshotOf(canaries.folder);
  const work = path.join(parent, 'work');
  mkdirSync(work);
  const run = new MutatedRun(work, model, canaries, randomSource(seed));

  const refused = new Map<string, number>();
  const faults: string[] = [];
  let [mutations, rounds, longestMs, peakBytes] = [0, 0, 0, 0];
  while (mutations < wanted) {
    rounds += 1;
    try {
      const round = await run.round();
      mutations += round.damages.length;
      longestMs = Math.max(longestMs, round.longestMs);
      if (round.longestMs > HANG_MS) {
        faults.push(`${Math.round(round.longestMs)} ms after ${round.damages.join('; ')}`);
      }
      for (const code of round.refusals) refused.set(code, (refused.get(code) ?? 0) + 1);
    } catch (error) {
      mutations += 1;
      faults.push(error instanceof Error ? error.message : String(error));
    }
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
  }
  const peakMb = Math.round(peakBytes / 2 ** 20);
  if (peakBytes > MEMORY_BYTES) faults.push(`${peakMb} MiB of memory`);
  if (!isDeepStrictEqual(snapshotOf(canaries.folder), before)) {
    faults.push('a file beside the run folder was touched');
  }
  rmSync(parent, { recursive: true });

  const counts = [...refused].sort((left, right) => right[1] - left[1]);
  console.log(
    `${mutations} mutations of ${rounds} folders, longest use ${Math.round(longestMs)} ms, ${peakMb} MiB; ` +
      `refused: ${counts.map(([code, count]) => `${code} ${count}`).join(', ')}`,
  );
  for (const fault of faults) console.log(`FAULT ${fault}`);
  return faults.length > 0;
}
