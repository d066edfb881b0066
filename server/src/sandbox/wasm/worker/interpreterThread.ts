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
  const tell = (message: ThreadMessage, transferred: readonly ArrayBuffer[] = []): void => {
    port.postMessage(message, transferred);
  };
  const { module } = workerData as ThreadStart;
  let interpreter: Interpreter | undefined;
  port.on('message', (request: ThreadRequest) => {
    // Not before: a thread that only waits needs no memory for it.
    interpreter ??= new Interpreter(module);
    const ending = interpreter.call(request, {
      onStarted: () => {
        tell({ kind: 'started', now: readClocks() });
      },
      onReported: (frame) => {
        tell({ kind: 'reported', now: readClocks(), frame }, [frame.buffer]);
      },
    });
    const now = readClocks();
    const memoryKb = interpreter.memory.length / 1024;
    interpreter.release();
    tell({ kind: 'ended', now, ending, memoryKb });
  });
  tell({ kind: 'ready' });
}
