/** The program of a worker process: a bundle of its own beside this one, or its source. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const isBundle = !import.meta.url.endsWith('.ts');

export const WORKER_PROGRAM = fileURLToPath(
  new URL(isBundle ? 'sandboxWorker.mjs' : 'worker/main.ts', import.meta.url),
);

/** What Node may read to load it. */
export const WORKER_READABLE = isBundle
  ? WORKER_PROGRAM
  : path.dirname(path.dirname(path.dirname(WORKER_PROGRAM)));
