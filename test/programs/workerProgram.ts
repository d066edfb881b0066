/**
 * Stands for server/src/sandbox/wasm/workerProgram.ts in the project `processes`: sandboxes that a
 * test opens start the worker's bundle, as those of the extension do. From its source a worker would
 * strip the same types three times, in each of its threads, and may keep no cache of that.
 */
import { programPath } from './programs.ts';

export const WORKER_PROGRAM = programPath('sandboxWorker');
export const WORKER_READABLE = programPath('sandboxWorker');
