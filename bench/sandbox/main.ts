/**
 * `npm run bench:sandbox [-- command]`:
 *
 * - `measure` (the default): speed, latency, CPU time and memory beside a fresh process
 * - `verdicts`: what becomes of the paper's published seed programs, as a table in Markdown
 * - `fuzz --cases <count> --seed <number> --minutes <count>`: mutated programs, inputs and answers
 * - `soak --programs <count>`: nothing may be left behind
 *
 * `--engine <text>` keeps the engines whose name contains it; `--programs-file <path>` names the file of
 * seed programs, JSON lines of `program`, `input` and `output`.
 */
import { parseArgs } from 'node:util';
import { availableEngines } from '../../test/sandbox/engines.ts';
import { measure } from './measure.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    engine: { type: 'string', default: '' },
    'programs-file': { type: 'string' },
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
  default:
    throw new Error(`There is no command "${command}".`);
}
