/** More inputs for the programs of a step than were proposed for them: inputs of other programs, varied and executed. */
import type { HarvestRecord } from '../../../protocol/records.ts';
import type { LoopDependencies } from '../context.ts';
import type { GoldMemory, GoldProgram } from './goldMemory.ts';
import type { Ledger } from '../ledger.ts';
import { RandomStream } from '../randomStream.ts';

/** Draws per input that is wanted, after which a program gets fewer. */
const TRIES = 6;
/** A proposed input is changed in so many places at most. */
const MOST_CHANGES = 3;

/**
 * Executes up to `harvestInputs` further inputs of every program that the step was the first to have,
 * and notes what came out. The inputs are the model's own: proposed for any program with parameters of the
 * same types, as they are or with small changes. Failures are left out.
 */
export async function harvest(
  dependencies: LoopDependencies,
  ledger: Ledger,
  gold: GoldMemory,
  signal: AbortSignal,
): Promise<void> {
  const { grader, settings } = dependencies;
  if (settings.harvestInputs === 0) return;
  const fresh = [...gold.programs()].filter(({ step }) => step === ledger.step);
  const harvested = await Promise.all(
    fresh.map(async (program): Promise<HarvestRecord> => {
      const inputs = inputsFor(dependencies, gold, program);
      const examples = await grader.executeInputs(program.program, inputs, signal);
      return { step: ledger.step, taskId: program.taskId, examples };
    }),
  );
  for (const record of harvested.filter(({ examples }) => examples.length > 0)) {
    ledger.harvests.push(record);
    gold.rememberHarvest(record);
  }
}

/** Up to `harvestInputs` different inputs that the program was not run on yet. */
function inputsFor(
  { grader, settings }: LoopDependencies,
  gold: GoldMemory,
  { taskId, outputs }: GoldProgram,
): string[] {
  const random = new RandomStream(settings.seed, 'harvest', taskId);
  const next = () => random.next();
  const [own = ''] = outputs.keys();
  const alike = gold.inputsLike(grader.signature(own) ?? '');
  const chosen = new Set<string>();
  for (let tries = TRIES * settings.harvestInputs; tries > 0; tries -= 1) {
    if (chosen.size === settings.harvestInputs) break;
    let input = random.pick(alike) ?? own;
    for (let changes = random.integer(MOST_CHANGES + 1); changes > 0; changes -= 1) {
      input = grader.vary(input, next);
    }
    if (!outputs.has(input)) chosen.add(input);
  }
  return [...chosen];
}
