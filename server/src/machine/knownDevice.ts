/** The device that the engine would use, with the memory that it may count on. */
import { availableParallelism, totalmem } from 'node:os';

import type { EngineFacts } from './engineFacts.ts';

export interface KnownDevice {
  readonly memoryMb: number;
  /** For a person, such as `CPU, 8 cores, 16 GiB`. */
  readonly text: string;
}

export function knownDevice(facts: Omit<EngineFacts, 'versions'>): KnownDevice {
  const { device, deviceName, memoryMb = machineMemoryMb() } = facts;
  const names = { cuda: deviceName ?? 'GPU', mps: 'Apple GPU', cpu: 'CPU' };
  const cores = device === 'cuda' ? '' : `, ${availableParallelism()} cores`;
  return { memoryMb, text: `${names[device]}${cores}, ${gibibytes(memoryMb)}` };
}

/** Inside a container its limit counts, not the machine's memory. */
export function machineMemoryMb(): number {
  const limit = process.constrainedMemory();
  return Math.round(Math.min(totalmem(), limit > 0 ? limit : Infinity) / 2 ** 20);
}

export function gibibytes(mebibytes: number): string {
  const gib = mebibytes / 1024;
  return `${gib < 10 ? gib.toFixed(1) : Math.round(gib)} GiB`;
}
