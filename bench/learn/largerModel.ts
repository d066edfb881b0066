/** What the recipe of `studio` needs to be told for a model larger than the embedded one, on a GPU. */
import { EMBEDDED_MODEL } from '../../server/src/machine/models/modelFolder.ts';
import { PACKAGED_MODEL } from '../../server/protocol/modelNames.ts';

/**
 * Held-out tasks are asked eight times before the first update and after the last, and greedily a few
 * times between. A checkpoint of a larger model takes gigabytes, and the run's folder is removed anyway.
 */
const MEASURED = [
  ...['probeSamples=8', 'probeSampleEverySteps=1000000', 'probeEverySteps=75'],
  'checkpointEverySteps=100',
];

/**
 * SmolLM2-135M as it was trained for 200 steps on a GPU (docs/performance.md): all weights at 1e-5, 24
 * proposals per mode, and no induction, of which it writes no valid task; its own azr-model.json says so,
 * but has adapters and short answers in it, for a CPU. Executed truth is added as for azr-nano, 384
 * documents in three optimizer steps of their own, but by AdamW and at five times the rate of the policy:
 * a guess, on the careful side, since such a model has more to forget. 64 tokens hold every
 * output of CRUXEval that was looked at, and all but one of 600 inputs.
 */
const SMOLLM2 = [
  ...['trainable=full', 'learningRate=0.00001', 'proposalsPerMode=24', 'maximumAnswerTokens=64'],
  ...['goldDocumentsPerStep=384', 'goldUpdatesPerStep=3', 'goldLearningRate=0.00005'],
];

/** Of a model that is not named here, what its azr-model.json says holds, and the preset. */
const RECIPES: Readonly<Record<string, readonly string[]>> = { [PACKAGED_MODEL]: SMOLLM2 };

/** Time for the quarter of an hour that such a run is meant for. */
export const LARGER_MODEL_MINUTES = 15;

/**
 * Seconds of a step of SmolLM2 on an H200, as guessed: 1.9 s were measured without executed truth, whose
 * documents are about as many tokens again as an update had.
 */
const SECONDS_A_STEP = 3;

/** The start, the seeding, and what is asked of the held-out tasks before, between and after. */
const SECONDS_BESIDE_STEPS = 150;

/** Whether `model` is another one than the one whose results the report begins with. */
export function isLargerModel(model: string): boolean {
  return model !== EMBEDDED_MODEL;
}

/** Settings of a run of `model`, as the command line takes them. */
export function recipeOf(model: string): readonly string[] {
  return [...MEASURED, ...(RECIPES[model] ?? [])];
}

/**
 * How many steps take about `minutes` on a GPU. Steps are counted, not minutes, since the learning rate
 * falls to the last step of the settings, and that one alone measures what there is to compare: a run
 * that the clock ended would have neither.
 */
export function stepsWithin(minutes: number): number {
  return Math.max(1, Math.floor((minutes * 60 - SECONDS_BESIDE_STEPS) / SECONDS_A_STEP));
}
