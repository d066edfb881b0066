/**
 * The thread that programs run in. It does what it is told, one request after another, and is ended
 * from outside when a program does not end. It has a stack of its own, large enough for Python's
 * recursion limit on every system.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadMessage, ThreadRequest, ThreadStart } from '../messages.ts';
import { Interpreter } from './interpreter.ts';

export function serveSupervisor(): void {
  const port = parentPort!;
  const tell = (message: ThreadMessage): void => {
    port.postMessage(message);
  };
  const { module, snapshots } = workerData as ThreadStart;
  const interpreter = new Interpreter(module, (bytes) => {
    tell({ kind: 'wrote', bytes });
  });
  for (const variant of [0, 1] as const) interpreter.add(variant, snapshots[variant]);
  port.on('message', (request: ThreadRequest) => {
    interpreter.add(request.variant, request.snapshot);
    const ending = interpreter.call(request);
    tell({ kind: 'ended', ending, memoryKb: interpreter.memoryKb });
  });
  tell({ kind: 'ready' });
}
