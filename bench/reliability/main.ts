/**
 * `npm run bench:reliability [-- command]`:
 *
 * - `soak [--steps <count>]` (the default): one long run with a scripted model and the real sandbox
 * - `own-time [--steps <count>]`: the loop's own share of the time, with the embedded model
 */
import { parseArgs } from 'node:util';

import { measureOwnTime } from './ownTime.ts';
import { soak } from './soak.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { steps: { type: 'string' } },
});
const [command = 'soak'] = positionals;
switch (command) {
  case 'soak':
    await soak(Number(values.steps ?? 2000));
    break;
  case 'own-time':
    await measureOwnTime(Number(values.steps ?? 30));
    break;
  default:
    throw new Error(`There is no command "${command}".`);
}
