/**
 * Fork servers for two hash seeds, started when needed, replaced when they die or have served long
 * enough. At most `workers` requests run at a time, and one of a user's beside them, so that a run
 * full of slow programs does not keep a person waiting; the rest wait here, so that no pipe fills up.
 */
import { ForkServer, SERVER_DIED, type SERVER_HUNG } from './forkServer.ts';
import { JobQueue } from './jobQueue.ts';
import type { OuterRing } from './outerRing.ts';
import type { PythonInterpreter } from './pythonInterpreter.ts';
import { SandboxError } from './sandboxError.ts';
import type { RequestHeader, Response } from './wire.ts';

export type Variant = 0 | 1;

/** Fixed, so that a run's accepted tasks can be reproduced; different, so that they are worth two runs. */
const HASH_SEEDS: readonly [number, number] = [1, 2_718_281_828];

/** After so many requests a server is replaced, in case something in it grows. */
const REQUESTS_PER_SERVER = 5_000;

export interface PoolSettings {
  readonly python: PythonInterpreter;
  readonly harnessPath: string;
  /** What every server is started in; none when undefined. */
  readonly outerRing: OuterRing | undefined;
  readonly workers: number;
  readonly requestsPerServer?: number;
}

export interface PoolRequest {
  readonly header: Omit<RequestHeader, 'identifier'>;
  readonly body: object;
  readonly variant: Variant;
  readonly priority: 'run' | 'user';
  readonly signal: AbortSignal | undefined;
}

/** How a request ended: a response, or the server gone twice, or hung. */
export type PoolAnswer = Response | typeof SERVER_DIED | typeof SERVER_HUNG;

interface Job extends PoolRequest {
  readonly resolve: (answer: PoolAnswer) => void;
  readonly reject: (reason: unknown) => void;
}

export class ForkServerPool {
  readonly #settings: PoolSettings;
  readonly #queue = new JobQueue<Job>();
  readonly #idle: readonly [ForkServer[], ForkServer[]] = [[], []];
  /** Every server that may still have a process. */
  readonly #servers = new Set<ForkServer>();
  readonly #starting = new Set<Promise<unknown>>();
  /** Is a server being started for nobody in particular? */
  readonly #warming: [boolean, boolean] = [false, false];
  #running = 0;
  #closed = false;

  constructor(settings: PoolSettings) {
    this.#settings = settings;
  }

  /** Starts one server per variant, so that a refusal shows before anything is asked. */
  async open(): Promise<ForkServer> {
    const [first, second] = await Promise.all([this.#start(0), this.#start(1)]);
    this.#idle[0].push(first);
    this.#idle[1].push(second);
    return first;
  }

  /** Process ids of the servers, for tests that kill them. */
  get serverPids(): number[] {
    return [...this.#servers].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  /** Runs one request when its turn comes; rejects with the signal's reason when that is aborted. */
  async handle(request: PoolRequest): Promise<PoolAnswer> {
    const { signal } = request;
    signal?.throwIfAborted();
    if (this.#closed) throw closedError();
    let cancel: (() => void) | undefined;
    try {
      return await new Promise<PoolAnswer>((resolve, reject) => {
        const job: Job = { ...request, resolve, reject };
        cancel = (): void => {
          this.#queue.remove(job);
          reject(signal?.reason as Error);
        };
        signal?.addEventListener('abort', cancel, { once: true });
        this.#queue.add(job);
        this.#startJobs();
      });
    } finally {
      if (cancel !== undefined) signal?.removeEventListener('abort', cancel);
    }
  }

  /** Rejects what waits, kills what runs, and resolves when no process is left. */
  async close(): Promise<void> {
    this.#closed = true;
    for (let job = this.#queue.next(); job !== undefined; job = this.#queue.next()) {
      job.reject(closedError());
    }
    await Promise.allSettled(this.#starting);
    await Promise.all([...this.#servers].map((server) => server.stop()));
    this.#servers.clear();
  }

  #startJobs(): void {
    while (true) {
      const job = this.#nextJob();
      if (job === undefined) return;
      this.#running += 1;
      void this.#runJob(job)
        .then(job.resolve, job.reject)
        .finally(() => {
          this.#running -= 1;
          this.#startJobs();
        });
    }
  }

  /** A user's job may use one place more than there are workers. */
  #nextJob(): Job | undefined {
    if (this.#running < this.#settings.workers) return this.#queue.next();
    return this.#running === this.#settings.workers ? this.#queue.nextOfUser() : undefined;
  }

  /** A server that dies under a request was killed from outside, so one more try is fair. */
  async #runJob(job: Job): Promise<PoolAnswer> {
    const first = await this.#tryJob(job);
    return first === SERVER_DIED && !this.#closed ? this.#tryJob(job) : first;
  }

  async #tryJob(job: Job): Promise<PoolAnswer> {
    const { signal } = job;
    const server = await this.#acquire(job.variant);
    if (job.priority === 'run') this.#keepSpare(job.variant);
    if (signal?.aborted) {
      this.#release(server, job.variant);
      throw signal.reason as Error;
    }
    const kill = (): void => {
      server.kill();
    };
    signal?.addEventListener('abort', kill, { once: true });
    try {
      const answer = await server.handle(job.header, job.body);
      signal?.throwIfAborted();
      if (this.#closed) throw closedError();
      return answer;
    } finally {
      signal?.removeEventListener('abort', kill);
      this.#release(server, job.variant);
    }
  }

  async #acquire(variant: Variant): Promise<ForkServer> {
    const idle = this.#idle[variant];
    for (let server = idle.pop(); server !== undefined; server = idle.pop()) {
      if (server.alive) return server;
      this.#servers.delete(server);
    }
    return this.#start(variant);
  }

  /** When a run has taken the last idle server, a user or a restart should not have to wait for one. */
  #keepSpare(variant: Variant): void {
    if (this.#idle[variant].length > 0 || this.#warming[variant] || this.#closed) return;
    this.#warming[variant] = true;
    void this.#start(variant)
      .then((server) => {
        this.#release(server, variant);
      })
      // Whoever needs the server will start one, and be told why that fails.
      .catch(() => undefined)
      .finally(() => {
        this.#warming[variant] = false;
      });
  }

  #release(server: ForkServer, variant: Variant): void {
    const limit = this.#settings.requestsPerServer ?? REQUESTS_PER_SERVER;
    if (server.alive && server.served < limit && !this.#closed) {
      this.#idle[variant].push(server);
      return;
    }
    void server.stop().then(() => this.#servers.delete(server));
  }

  async #start(variant: Variant): Promise<ForkServer> {
    if (this.#closed) throw closedError();
    const { python, harnessPath, outerRing } = this.#settings;
    const starting = ForkServer.start(python, harnessPath, HASH_SEEDS[variant], outerRing);
    const tracked = starting.then(
      (server) => this.#servers.add(server),
      () => undefined,
    );
    this.#starting.add(tracked);
    void tracked.finally(() => this.#starting.delete(tracked));
    return starting;
  }
}

function closedError(): SandboxError {
  return new SandboxError('closed', 'The sandbox is closed.', 'Open a new one.');
}
