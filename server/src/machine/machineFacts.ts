import os from 'node:os';

import type { MachineFacts } from '../store/rows/runInformation.ts';

/** This machine, as noted with every start of a runner. */
export function machineFacts(): MachineFacts {
  return {
    platform: os.platform(),
    release: os.release(),
    architecture: os.arch(),
    processor: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    memoryMb: Math.round(os.totalmem() / 2 ** 20),
    nodeVersion: process.versions.node,
  };
}
