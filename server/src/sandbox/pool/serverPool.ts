/**
 * Servers of one engine, started when needed, replaced when they die or have served long enough. At
 * most `workers` requests run at a time, and one of a user's beside them, so that a run full of slow
 * programs does not keep a person waiting; the rest wait here, so that no pipe fills up.
 */
import { ProblemError } from '../../../protocol/problem.ts';
import { JobQueue } from './jobQueue.ts';
import {
  type SandboxServer,
  SERVER_DIED,
  SERVER_HUNG,
  type ServerAnswer,
  type ServerRequest,
  type Variant,
} from './sandboxServer.ts';
import { ServerLane } from './serverLane.ts';

/** What a second try may take beyond the time that the first has left: a new server's first request. */
const SECOND_TRY_MS = 2_000;

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
  /** By variant; one lane for both where servers answer requests of either. */
  readonly #lanes: readonly [ServerLane<Server>, ServerLane<Server>];
  /** Every server that may still have a process. */
  readonly #servers = new Set<Server>();
  readonly #starting = new Set<Promise<unknown>>();
  #running = 0;
  #closed = false;

  constructor(settings: PoolSettings<Server>) {
    this.#settings = settings;
    const newLane = (variant: Variant) =>
      new ServerLane<Server>({
        start: () => this.#start(variant),
        forget: (dead) => this.#servers.delete(dead),
      });
    const lane = newLane(0);
    this.#lanes = [lane, settings.oneVariantEach ? newLane(1) : lane];
  }

  /** Starts what every pool needs, so that a refusal shows before anything is asked. */
  async open(): Promise<Server> {
    const variants: readonly Variant[] = this.#settings.oneVariantEach ? [0, 1] : [0];
    const servers = await Promise.all(variants.map((variant) => this.#start(variant)));
    for (const [index, server] of servers.entries()) this.#lanes[variants[index]!].offer(server);
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
    for (let job = this.#queue.next(); job !== undefined; job = this.#queue.next()) {
      job.reject(closedError());
    }
    for (const lane of this.#lanes) lane.close(closedError());
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
   * A server ends a program in time by itself. One that dies was killed from outside, so one more try is
   * fair. It is made on a server of its own: what happened to one may have happened to the idle ones
   * too. Both tries share the time of one, and there is none after a server that hung: a program that
   * can do either must not gain time by it.
   */
  async #runJob(job: Job): Promise<ServerAnswer> {
    const lane = this.#lanes[job.variant];
    const server = await lane.take(job.priority);
    const started = performance.now();
    const first = await this.#tryJob(job, server);
    if (first !== SERVER_DIED || this.#closed) return first;
    const spentMs = performance.now() - started;
    const allowedMs = job.header.wallMs * job.header.executions;
    const second = await lane.takeNew();
    const end = { hung: false };
    const watchdog = setTimeout(
      () => {
        end.hung = true;
        second.kill();
      },
      Math.max(0, allowedMs - spentMs) + SECOND_TRY_MS,
    );
    try {
      const answer = await this.#tryJob(job, second);
      return end.hung ? SERVER_HUNG : answer;
    } finally {
      clearTimeout(watchdog);
    }
  }

  async #tryJob(job: Job, server: Server): Promise<ServerAnswer> {
    const { signal } = job;
    if (signal?.aborted) {
      this.#giveBack(server, job.variant);
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
      this.#giveBack(server, job.variant);
    }
  }

  #giveBack(server: Server, variant: Variant): void {
    const isUsable =
      server.alive && server.served < this.#settings.requestsPerServer && !this.#closed;
    if (!isUsable) void server.stop().then(() => this.#servers.delete(server));
    this.#lanes[variant].giveBack(server, isUsable);
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

function closedError(): ProblemError {
  return new ProblemError({
    code: 'closed',
    message: 'The sandbox is closed.',
    remedy: 'Open a new one.',
  });
}
