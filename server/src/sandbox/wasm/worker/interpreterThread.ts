/**
 * The thread that programs run in. It does what it is told, one request after another, and is ended
 * from outside when a program does not end. It has a stack of its own, large enough for Python's
 * recursion limit on every system.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadMessage, ThreadRequest, ThreadStart } from '../messages.ts';
import { readClocks } from './clocks.ts';
import { Interpreter } from './interpreter.ts';

export function serveSupervisor(): void {
  const port = parentPort!;
  const tell = (message: ThreadMessage): void => {
    port.postMessage(message);
  };
  const { module } = workerData as ThreadStart;
  let interpreter: Interpreter | undefined;
  port.on('message', (request: ThreadRequest) => {
    // Not before: a thread that only waits needs no memory for it.
    interpreter ??= new Interpreter(module, (bytes) => {
      tell({ kind: 'wrote', now: readClocks(), bytes });
    });
    const ending = interpreter.call(request, () => {
      tell({ kind: 'started', now: readClocks() });
    });
    const memoryKb = interpreter.memory.length / 1024;
    tell({ kind: 'ended', now: readClocks(), ending, memoryKb });
  });
  tell({ kind: 'ready' });
}
