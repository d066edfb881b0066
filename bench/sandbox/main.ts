/**
 * `npm run bench:sandbox [-- command]`:
 *
 * - `measure` (the default): speed, latency, CPU time and memory beside a fresh process
 * - `verdicts`: what becomes of the paper's published seed programs, as a table in Markdown
 * - `fuzz [--cases <count>] [--seed <number>] [--minutes <count>]`: mutated programs, inputs and answers
 * - `soak [--programs <count>]`: nothing may be left behind
 *
 * Fuzzing is taken up again by `--first-round`, which the last line of a run names.
 *
 * `--engine <text>` keeps the engines whose name contains it; `--programs-file <path>` names the file of
 * seed programs, JSON lines of `program`, `input` and `output`.
 */
import { parseArgs } from 'node:util';
import { availableEngines } from '../../test/sandbox/engines.ts';
import { fuzzEngines } from './fuzzEngines.ts';
import { measure } from './measure.ts';
import { soak } from './soak.ts';
import { printVerdicts } from './verdicts.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    engine: { type: 'string', default: '' },
    'programs-file': { type: 'string' },
    cases: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    'first-round': { type: 'string', default: '0' },
    minutes: { type: 'string', default: '25' },
    programs: { type: 'string', default: '100000' },
  },
});
const { available, missing } = await availableEngines();
for (const { name, reason } of missing) console.log(`${name} is left out, because ${reason}`);
const engines = available.filter(({ name }) => name.includes(values.engine));
const file = values['programs-file'];

const [command = 'measure'] = positionals;
switch (command) {
  case 'measure':
    await measure(engines, file);
    break;
  case 'fuzz':
    await fuzzEngines(engines, file, {
      cases: Number(values.cases),
      seed: Number(values.seed),
      firstRound: Number(values['first-round']),
      minutes: Number(values.minutes),
    });
    break;
  case 'verdicts':
    await printVerdicts(engines, file);
    break;
  case 'soak':
    await soak(engines, Number(values.programs));
    break;
  default:
    throw new Error(`There is no command "${command}".`);
}
