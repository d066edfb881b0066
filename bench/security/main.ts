/**
 * `npm run bench:security [-- --mutations <count>] [--seed <number>]`: random damage to a run folder,
 * and everything that this product does with the folder then. Ends with 1 where something hung for more
 * than two seconds, took more than 300 MB, failed as a defect, or touched a file beside the folder.
 *
 * Work goes to the folder for temporary files: in memory (TMPDIR=/dev/shm) it is ten times as fast.
 */
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
const TOLD_EVERY = 5_000;

const { values } = parseArgs({
  options: {
    mutations: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
  },
});
const wanted = Number(values.mutations);
const parent = mkdtempSync(path.join(tmpdir(), 'azr-fuzz-'));
const model = path.join(parent, 'model');
makeModel(model);
const canaries = makeCanaryTree(path.join(parent, 'canaries'), model);
const before = snapshotOf(canaries.folder);
const work = path.join(parent, 'work');
mkdirSync(work);
const run = new MutatedRun(work, model, canaries, randomSource(Number(values.seed)));

const refused = new Map<string, number>();
let faults = 0;
function tellFault(fault: string): void {
  faults += 1;
  console.log(`FAULT ${fault}`);
}

let [mutations, rounds, longestMs, peakBytes] = [0, 0, 0, 0];
while (mutations < wanted) {
  rounds += 1;
  try {
    const round = await run.round();
    mutations += round.damages.length;
    longestMs = Math.max(longestMs, round.longestMs);
    if (round.longestMs > HANG_MS) {
      tellFault(`${Math.round(round.longestMs)} ms after ${round.damages.join('; ')}`);
    }
    for (const code of round.refusals) refused.set(code, (refused.get(code) ?? 0) + 1);
  } catch (error) {
    mutations += 1;
    tellFault(error instanceof Error ? error.message : String(error));
  }
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
  if (rounds % TOLD_EVERY === 0) console.log(`${mutations} mutations, ${faults} faults`);
}
if (peakBytes > MEMORY_BYTES) tellFault(`${Math.round(peakBytes / 2 ** 20)} MiB of memory`);
if (!isDeepStrictEqual(snapshotOf(canaries.folder), before)) {
  tellFault('a file beside the run folder was touched');
}
rmSync(parent, { recursive: true });

console.log(`${mutations} mutations in ${rounds} run folders, seed ${values.seed}`);
console.log(
  `longest use ${Math.round(longestMs)} ms, memory ${Math.round(peakBytes / 2 ** 20)} MiB`,
);
for (const [code, count] of [...refused].sort((left, right) => right[1] - left[1])) {
  console.log(`${String(count).padStart(8)} refused as ${code}`);
}
console.log(`${faults} faults`);
process.exitCode = faults === 0 ? 0 : 1;
