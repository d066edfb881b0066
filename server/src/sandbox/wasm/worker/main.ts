/** Entry of a worker process of the wasm engine, and of the thread in it. */
import { isMainThread } from 'node:worker_threads';
import { serveSupervisor } from './interpreterThread.ts';
import { serveOwner } from './supervisor.ts';

if (isMainThread) serveOwner();
else serveSupervisor();
