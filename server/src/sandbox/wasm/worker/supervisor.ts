/**
 * The main thread of a worker process: takes requests from the owner, hands them to the thread that
 * runs programs, and replaces that thread when a program overruns its limits or breaks it.
 */
import { Worker } from 'node:worker_threads';
import type { Variant } from '../../sandboxServer.ts';
import type {
  Ending,
  Snapshot,
  ThreadMessage,
  ThreadRequest,
  ThreadStart,
  WorkerHello,
  WorkerRequest,
  WorkerResponse,
  WorkerStart,
} from '../messages.ts';
import { prepareSnapshot } from './interpreter.ts';
import { RequestWatch } from './requestWatch.ts';

/** V8's stack for code that recurses in C up to Python's limit, in MiB. */
const STACK_MB = 64;
/** The thread's JavaScript holds a few buffers. */
const JAVASCRIPT_HEAP_MB = 64;

export function serveOwner(): void {
  // The owner's end of the channel is the only tie to life.
  process.on('disconnect', () => process.exit());
  process.once('message', (start: WorkerStart) => {
    const supervisor = new Supervisor(start);
    process.on('message', (request: WorkerRequest) => {
      void supervisor.handle(request).then((response) => process.send!(response));
    });
    void supervisor.ready.then(() => process.send!(hello()));
  });
}

function hello(): WorkerHello {
  const { permission } = process as { permission?: { has(scope: string): boolean } };
  return {
    hasPermissions: permission !== undefined && !permission.has('child'),
    hasNetworkPermission:
      permission !== undefined && process.allowedNodeEnvironmentFlags.has('--allow-net'),
  };
}

/** The request under way: who follows it and who is told how it ended. */
interface Current {
  readonly watch: RequestWatch;
  readonly end: (ending: Ending | { readonly end: 'cpu-limit' }, memoryKb: number) => void;
}

class Supervisor {
  /** Resolves when the first thread can run a program. */
  ready: Promise<void>;
  readonly #start: WorkerStart;
  readonly #module: WebAssembly.Module;
  readonly #snapshots: Partial<Record<Variant, Snapshot>> = {};
  #thread: Worker;
  #current: Current | undefined;

  constructor(start: WorkerStart) {
    this.#start = start;
    this.#module = new WebAssembly.Module(start.program);
    this.#prepare(0);
    [this.#thread, this.ready] = this.#newThread();
  }

  /** One request at a time; the owner does not send another before it has the answer. */
  handle(request: WorkerRequest): Promise<WorkerResponse> {
    const { identifier, variant, body, wallMs, memoryMb, payloadBytes } = request;
    const snapshot = this.#prepare(variant);
    return new Promise((resolve) => {
      const watch = new RequestWatch(request, (end) => {
        this.#replaceThread();
        this.#current?.end({ end, exitCode: 0, signal: 0 }, 0);
      });
      const end: Current['end'] = (ending, memoryKb) => {
        this.#current = undefined;
        const measured = { ...watch.stop(), memoryKb };
        const { executions } = watch;
        resolve({ identifier, exitCode: undefined, signal: 0, ...ending, ...measured, executions });
      };
      this.#current = { watch, end };
      const asked: ThreadRequest = { variant, snapshot, body, wallMs, memoryMb, payloadBytes };
      this.#thread.postMessage(asked);
    });
  }

  /** The variant's snapshot when it is new; takes a good part of a second then. */
  #prepare(variant: Variant): Snapshot | undefined {
    if (this.#snapshots[variant] !== undefined) return undefined;
    const { bootSource, variants } = this.#start;
    const snapshot = prepareSnapshot(this.#module, bootSource, variants[variant], variant);
    this.#snapshots[variant] = snapshot;
    return snapshot;
  }

  #replaceThread(): void {
    const old = this.#thread;
    old.removeAllListeners();
    // What it still has to say when it is torn down concerns nobody.
    old.on('error', () => undefined);
    void old.terminate();
    [this.#thread, this.ready] = this.#newThread();
  }

  #newThread(): [Worker, Promise<void>] {
    const start: ThreadStart = { module: this.#module, snapshots: { ...this.#snapshots } };
    const thread = new Worker(process.argv[1]!, {
      workerData: start,
      env: {},
      resourceLimits: { stackSizeMb: STACK_MB, maxOldGenerationSizeMb: JAVASCRIPT_HEAP_MB },
    });
    const ready = new Promise<void>((resolve) => {
      thread.on('message', (message: ThreadMessage) => {
        switch (message.kind) {
          case 'ready':
            resolve();
            break;
          case 'wrote':
            this.#current?.watch.add(message.bytes);
            break;
          case 'ended':
            this.#current?.end(message.ending, message.memoryKb);
        }
      });
    });
    // A thread that ends by itself, such as for want of memory, has been broken by its program.
    thread.on('error', () => {
      this.#replaceThread();
      this.#current?.end({ end: 'exited', exitCode: undefined, signal: 6 }, 0);
    });
    return [thread, ready];
  }
}
