/**
 * Servers of one engine, started when needed, replaced when they die or have served long enough. At
 * most `workers` requests run at a time, and one of a user's beside them, so that a run full of slow
 * programs does not keep a person waiting; the rest wait here, so that no pipe fills up.
 */
import { JobQueue } from './jobQueue.ts';
import { SandboxError } from './sandboxError.ts';
import {
  type SandboxServer,
  SERVER_DIED,
  SERVER_HUNG,
  type ServerAnswer,
  type ServerRequest,
  type Variant,
} from './sandboxServer.ts';

/** Some ten quick programs. */
const SPARE_AFTER_MS = 250;

export interface PoolSettings<Server extends SandboxServer> {
  /** Starts a server; one that answers requests of either variant may ignore which is asked for. */
  readonly start: (variant: Variant) => Promise<Server>;
  /** True when a server answers requests of one variant only. */
  readonly oneVariantEach: boolean;
  readonly workers: number;
  /** After so many requests a server is replaced, in case something in it grows. */
  readonly requestsPerServer: number;
}

export interface PoolRequest extends ServerRequest {
  readonly priority: 'run' | 'user';
  readonly signal: AbortSignal | undefined;
}

interface Job extends PoolRequest {
  readonly resolve: (answer: ServerAnswer) => void;
  readonly reject: (reason: unknown) => void;
}

export class ServerPool<Server extends SandboxServer> {
  readonly #settings: PoolSettings<Server>;
  readonly #queue = new JobQueue<Job>();
  readonly #idle: readonly [Server[], Server[]] = [[], []];
  /** Every server that may still have a process. */
  readonly #servers = new Set<Server>();
  readonly #starting = new Set<Promise<unknown>>();
  /** Is a server for nobody in particular being started, or about to be? */
  readonly #warming: [boolean, boolean] = [false, false];
  readonly #spares = new Set<NodeJS.Timeout>();
  #running = 0;
  #closed = false;

  constructor(settings: PoolSettings<Server>) {
    this.#settings = settings;
  }

  /** Starts what every pool needs, so that a refusal shows before anything is asked. */
  async open(): Promise<Server> {
    const variants: readonly Variant[] = this.#settings.oneVariantEach ? [0, 1] : [0];
    const servers = await Promise.all(variants.map((variant) => this.#start(variant)));
    for (const [index, server] of servers.entries()) this.#idleFor(variants[index]!).push(server);
    return servers[0]!;
  }

  /** Process ids of the servers, for tests that kill them. */
  get serverPids(): number[] {
    return [...this.#servers].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  /** Runs one request when its turn comes; rejects with the signal's reason when that is aborted. */
  async handle(request: PoolRequest): Promise<ServerAnswer> {
    const { signal } = request;
    signal?.throwIfAborted();
    if (this.#closed) throw closedError();
    let cancel: (() => void) | undefined;
    try {
      return await new Promise<ServerAnswer>((resolve, reject) => {
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
    for (const spare of this.#spares) clearTimeout(spare);
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

  /**
   * A server ends a program in time by itself. One that dies or is silent was killed or stopped from
   * outside, so one more try is fair. It is made on a server of its own: what happened to one may have
   * happened to the idle ones too.
   */
  async #runJob(job: Job): Promise<ServerAnswer> {
    const first = await this.#tryJob(job, await this.#acquire(job.variant));
    const isLost = first === SERVER_DIED || first === SERVER_HUNG;
    return isLost && !this.#closed ? this.#tryJob(job, await this.#start(job.variant)) : first;
  }

  async #tryJob(job: Job, server: Server): Promise<ServerAnswer> {
    const { signal } = job;
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
      const answer = await server.handle(job);
      signal?.throwIfAborted();
      if (this.#closed) throw closedError();
      return answer;
    } finally {
      signal?.removeEventListener('abort', kill);
      this.#release(server, job.variant);
    }
  }

  #idleFor(variant: Variant): Server[] {
    return this.#idle[this.#laneOf(variant)];
  }

  #laneOf(variant: Variant): Variant {
    return this.#settings.oneVariantEach ? variant : 0;
  }

  async #acquire(variant: Variant): Promise<Server> {
    const idle = this.#idleFor(variant);
    for (let server = idle.pop(); server !== undefined; server = idle.pop()) {
      if (server.alive) return server;
      this.#servers.delete(server);
    }
    return this.#start(variant);
  }

  /**
   * When a run has taken the last idle server and keeps it, a user or a restart should not have to
   * wait for one. Quick programs give it back before that, and cost no process more.
   */
  #keepSpare(variant: Variant): void {
    const lane = this.#laneOf(variant);
    if (this.#idleFor(variant).length > 0 || this.#warming[lane]) return;
    this.#warming[lane] = true;
    const spare = setTimeout(() => {
      this.#spares.delete(spare);
      void this.#startSpare(variant).finally(() => {
        this.#warming[lane] = false;
      });
    }, SPARE_AFTER_MS);
    this.#spares.add(spare.unref());
  }

  async #startSpare(variant: Variant): Promise<void> {
    if (this.#idleFor(variant).length > 0) return;
    try {
      this.#release(await this.#start(variant), variant);
    } catch {
      // Whoever needs the server will start one, and be told why that fails.
    }
  }

  #release(server: Server, variant: Variant): void {
    if (server.alive && server.served < this.#settings.requestsPerServer && !this.#closed) {
      this.#idleFor(variant).push(server);
      return;
    }
    void server.stop().then(() => this.#servers.delete(server));
  }

  async #start(variant: Variant): Promise<Server> {
    if (this.#closed) throw closedError();
    const starting = this.#settings.start(variant);
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
