/**
 * Shows that the loop learns.
 *
 *   npm run learn                            the headline run and both presets; writes docs/learning.md
 *   npm run learn -- --trial NAME [--set name=value …] [--seed N] [--steps N]
 *                                            one further run, kept in the report's table
 *   npm run learn -- --short [--seed N] [--reversed]
 *                                            one run as the tests make it, to set their pass mark from
 *   npm run learn -- --short --control NAME [--tasks FILE]
 *                                            one such run with an ingredient broken or replaced, printed
 *   npm run learn -- --report                only rewrites the report
 */
import path from 'node:path';
import { parseArgs } from 'node:util';

import { controlOf, CONTROLS } from './controls.ts';
import { writeReport } from './report.ts';
import { shortRun, withReversedAdvantages } from './shortRun.ts';
import { runTrial } from './trial.ts';
import { recordedShortRuns, recordedTrials, recordShortRun, recordTrial } from './trialLog.ts';

const HEADLINE = 'headline';
const BUDGET = { studio: 'budget: studio', paper: 'budget: paper' };

const { values } = parseArgs({
  options: {
    trial: { type: 'string' },
    set: { type: 'string', multiple: true, default: [] },
    seed: { type: 'string', default: '1' },
    steps: { type: 'string', default: '150' },
    short: { type: 'boolean', default: false },
    reversed: { type: 'boolean', default: false },
    control: { type: 'string' },
    tasks: { type: 'string' },
    report: { type: 'boolean', default: false },
  },
});

const seed = Number(values.seed);
const steps = Number(values.steps);

if (values.short && values.control !== undefined) {
  const control = CONTROLS.find((name) => name === values.control);
  if (control === undefined) throw new Error(`Controls are: ${CONTROLS.join(', ')}.`);
  const experiment = controlOf(control, seed, values.tasks);
  console.log({ control, seed, ...(await shortRun(seed, undefined, experiment)) });
} else if (values.short) {
  const { reversed } = values;
  const result = await shortRun(seed, reversed ? withReversedAdvantages : undefined);
  await recordShortRun({ seed, reversed, ...result });
} else if (values.trial !== undefined) {
  await recordTrial(await runTrial({ name: values.trial, seed, steps, settings: values.set }));
} else if (!values.report) {
  const request = { name: HEADLINE, seed, steps, settings: values.set };
  await recordTrial(await runTrial(request));
  await comparePresets();
}

const trials = await recordedTrials();
const headline = trials.findLast(({ name }) => name === HEADLINE);
if (headline) {
  const studio = trials.findLast(({ name }) => name === BUDGET.studio);
  const paper = trials.findLast(({ name }) => name === BUDGET.paper);
  const docs = path.join(import.meta.dirname, '../../docs');
  await writeReport(docs, {
    headline,
    ...(studio && paper ? { presets: { studio, paper } } : {}),
    trials,
    shortRuns: await recordedShortRuns(),
  });
}

/** The paper's steps are larger; as many of them as fit into the tokens that `studio` generated. */
async function comparePresets(): Promise<void> {
  const studio = await runTrial({
    name: BUDGET.studio,
    seed,
    steps: 60,
    settings: ['preset=studio', 'probeSampleEverySteps=10'],
  });
  await recordTrial(studio);
  const paperPilot = await runTrial({
    name: 'pilot',
    seed,
    steps: 2,
    settings: ['preset=paper', 'probe=none'],
  });
  const perStep = paperPilot.tokensPerStep;
  const budget = studio.tokensPerStep * studio.steps;
  await recordTrial(
    await runTrial({
      name: BUDGET.paper,
      seed,
      steps: Math.max(1, Math.round(budget / perStep)),
      settings: ['preset=paper', 'probeSampleEverySteps=2'],
    }),
  );
}
