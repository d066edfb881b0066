/**
 * The main thread of a worker process: takes requests from the owner, hands them to the thread that
 * runs programs, and replaces that thread when a program overruns its limits or breaks it.
 */
import { Worker } from 'node:worker_threads';
import type { Variant } from '../../pool/sandboxServer.ts';
import type {
  Clocks,
  Ending,
  Prepared,
  Snapshot,
  ThreadMessage,
  ThreadRequest,
  ThreadStart,
  WorkerHello,
  WorkerRequest,
  WorkerResponse,
  WorkerStart,
} from '../messages.ts';
import { readClocks } from './clocks.ts';
import { prepareSnapshot } from './interpreter.ts';
import { RequestWatch } from './requestWatch.ts';

/** V8's stack for code that recurses in C up to Python's limit, in MiB. */
const STACK_MB = 64;
/** Looking takes as long as a twentieth of a quick program. */
const MEASURE_EVERY_MS = 500;
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
    void supervisor.ready().then((hello) => process.send!(hello));
  });
}

/** The request under way: who follows it and who is told how it ended. */
interface Current {
  readonly watch: RequestWatch;
  readonly end: (ending: Ending | typeof CPU_LIMIT, now: Clocks, memoryKb: number) => void;
}

const CPU_LIMIT = { end: 'cpu-limit', exitCode: 0, signal: 0 } as const;
const WALL_LIMIT = { end: 'wall-limit', exitCode: 0, signal: 0 } as const;
/** As for a process that its system aborted. */
const ABORTED: Ending = { end: 'exited', exitCode: undefined, signal: 6 };

class Supervisor {
  readonly #bootSource: string;
  readonly #seeds: WorkerStart['variants'];
  readonly #module: WebAssembly.Module;
  readonly #snapshots: Partial<Record<Variant, Snapshot>> = {};
  readonly #preparedFirst: Prepared | undefined;
  #thread: InterpreterThread;
  /**
   * Waits to take the other's place, since a thread takes its time to start. It is started after a
   * program, where there is none: a worker that itself only waits needs none.
   */
  #spare: InterpreterThread | undefined;
  #current: Current | undefined;
  /** Threads that have been told to end, and may still hold a program's memory. */
  #threadsEnding = 0;
  /** Resident memory of this process when it last held no program. */
  #heldBytes = 0;
  #measuredAt = 0;

  constructor({ program, bootSource, variants, prepared }: WorkerStart) {
    this.#bootSource = bootSource;
    this.#seeds = variants;
    this.#module = new WebAssembly.Module(program);
    for (const variant of [0, 1] as const) {
      const known = prepared[variant];
      if (known !== undefined) this.#snapshots[variant] = share(known);
    }
    this.#preparedFirst = this.#prepare(0);
    this.#thread = this.#newThread();
  }

  /** Resolves when a program can be run. */
  async ready(): Promise<WorkerHello> {
    await this.#thread.ready;
    const { permission } = process as { permission?: { has(scope: string): boolean } };
    const options = process.allowedNodeEnvironmentFlags;
    return {
      prepared: this.#preparedFirst,
      hasPermissions: permission !== undefined && !permission.has('child'),
      hasNetworkPermission: permission !== undefined && options.has('--allow-net'),
    };
  }

  /** One request at a time; the owner does not send another before it has the answer. */
  async handle(request: WorkerRequest): Promise<WorkerResponse> {
    const { identifier, variant, surroundings, bodies, token } = request;
    const { wallMs, memoryMb, payloadBytes } = request;
    const prepared = this.#prepare(variant);
    // The time that a thread takes to start is not the program's. One that breaks is replaced.
    let thread;
    do {
      thread = this.#thread;
      await thread.ready;
    } while (thread !== this.#thread);
    this.#measure();
    return new Promise((resolve) => {
      const watch = new RequestWatch(request, (end) => {
        this.#replaceThread(end === 'cpu-limit' ? CPU_LIMIT : WALL_LIMIT);
      });
      const end: Current['end'] = (ending, now, memoryKb) => {
        this.#current = undefined;
        const measured = watch.stop(now);
        const { executions } = watch;
        const heldBytes = this.#heldBytes;
        resolve({ identifier, ...ending, ...measured, memoryKb, executions, heldBytes, prepared });
        this.#spare ??= this.#newThread();
      };
      this.#current = { watch, end };
      const snapshot = this.#snapshots[variant]!;
      const limits = { wallMs, memoryMb, payloadBytes };
      this.#thread.run({ variant, snapshot, surroundings, bodies, token, ...limits });
    });
  }

  /** Prepares the variant's interpreter unless that was done before; takes a good part of a second. */
  #prepare(variant: Variant): Prepared | undefined {
    if (this.#snapshots[variant] !== undefined) return undefined;
    const prepared = prepareSnapshot(this.#module, this.#bootSource, this.#seeds[variant]);
    this.#snapshots[variant] = share(prepared);
    // The interpreter that was copied is not needed any more, and the main thread makes no garbage
    // that would have its memory collected.
    (globalThis as { gc?: () => void }).gc?.();
    return prepared;
  }

  #measure(): void {
    const now = performance.now();
    if (this.#threadsEnding > 0 || now - this.#measuredAt < MEASURE_EVERY_MS) return;
    this.#measuredAt = now;
    this.#heldBytes = process.memoryUsage.rss();
  }

  #newThread(): InterpreterThread {
    const thread: InterpreterThread = new InterpreterThread(
      { module: this.#module },
      {
        onStarted: (now) => this.#current?.watch.start(now),
        onReported: (frame, now) => this.#current?.watch.reported(frame, now),
        onEnded: (ending, now, memoryKb) => this.#current?.end(ending, now, memoryKb),
        onBroken: () => {
          if (thread === this.#thread) this.#replaceThread(ABORTED);
          else this.#spare = undefined;
        },
      },
    );
    return thread;
  }

  #replaceThread(ending: Parameters<Current['end']>[0]): void {
    this.#threadsEnding += 1;
    void this.#thread.end().then(() => {
      this.#threadsEnding -= 1;
    });
    this.#thread = this.#spare ?? this.#newThread();
    this.#spare = undefined;
    this.#current?.end(ending, readClocks(), 0);
  }
}

interface ThreadListener {
  readonly onStarted: (now: Clocks) => void;
  readonly onReported: (frame: Uint8Array, now: Clocks) => void;
  readonly onEnded: (ending: Ending, now: Clocks, memoryKb: number) => void;
  /** It ended by itself, such as for want of memory. */
  readonly onBroken: () => void;
}

class InterpreterThread {
  /** Resolves when it can run a program, or is broken. */
  readonly ready: Promise<void>;
  readonly #worker: Worker;

  constructor(start: ThreadStart, { onStarted, onReported, onEnded, onBroken }: ThreadListener) {
    const worker = new Worker(process.argv[1]!, {
      workerData: start,
      env: {},
      resourceLimits: { stackSizeMb: STACK_MB, maxOldGenerationSizeMb: JAVASCRIPT_HEAP_MB },
    });
    this.#worker = worker;
    this.ready = new Promise<void>((resolve) => {
      worker.on('message', (message: ThreadMessage) => {
        switch (message.kind) {
          case 'ready':
            resolve();
            break;
          case 'started':
            onStarted(message.now);
            break;
          case 'reported':
            onReported(message.frame, message.now);
            break;
          case 'ended':
            onEnded(message.ending, message.now, message.memoryKb);
        }
      });
      worker.on('error', () => {
        onBroken();
        resolve();
      });
    });
  }

  run(request: ThreadRequest): void {
    this.#worker.postMessage(request);
  }

  /** Ends it wherever it is; resolves when it is gone. Anything that it still reports is ignored. */
  async end(): Promise<void> {
    this.#worker.removeAllListeners();
    this.#worker.on('error', () => undefined);
    await this.#worker.terminate();
  }
}

function share({ memory, stackPointer }: Prepared): Snapshot {
  const shared = new SharedArrayBuffer(memory.length);
  new Uint8Array(shared).set(memory);
  return { memory: shared, stackPointer };
}
