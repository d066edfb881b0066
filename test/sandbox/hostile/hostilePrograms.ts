/** Programs that try to get out, to stay, to lie or to take everything; each with what may come of it. */
import { endings } from './endings.ts';
import { fileAttacks } from './files.ts';
import type { HostileProgram, Targets } from './hostileProgram.ts';
import { lies } from './integrity.ts';
import { kernelAttacks } from './kernel.ts';
import { networkAttacks } from './network.ts';
import { processAttacks } from './processes.ts';
import { memoryAttacks, timeAttacks } from './resources.ts';
import { statePoison } from './state.ts';

export function hostilePrograms(targets: Targets): HostileProgram[] {
  return [
    ...fileAttacks(targets),
    ...networkAttacks(targets),
    ...processAttacks(targets),
    ...kernelAttacks(),
    ...memoryAttacks(),
    ...timeAttacks(),
    ...endings(),
    ...lies(),
    ...statePoison(),
  ];
}
