/**
 * Servers that answer the same requests: which are idle, who has one and who waits for one. A server
 * more is started only once all have been kept for a while: a run with few quick programs gets along
 * with one.
 */
import { JobQueue, type Queued } from './jobQueue.ts';
import type { SandboxServer } from './sandboxServer.ts';

/** Some forty quick programs, and a third of the time that a server takes to start. */
const GROW_AFTER_MS = 100;

interface Waiter<Server> extends Queued {
  readonly resolve: (server: Server) => void;
  readonly reject: (reason: unknown) => void;
}

export interface LaneActions<Server> {
  readonly start: () => Promise<Server>;
  /** Hears of a server that died while it was idle. */
  readonly forget: (dead: Server) => void;
}

export class ServerLane<Server extends SandboxServer> {
  readonly #actions: LaneActions<Server>;
  readonly #idle: Server[] = [];
  readonly #waiting = new JobQueue<Waiter<Server>>();
  /** How many servers are in use, or are being started for one request alone. */
  #taken = 0;
  /** Runs while a run keeps every server. */
  #growth: NodeJS.Timeout | undefined;
  #isGrowing = false;

  constructor(actions: LaneActions<Server>) {
    this.#actions = actions;
  }

  /** An idle server, the next to become idle, or a new one: whichever comes first. A user comes first. */
  async take(priority: 'run' | 'user'): Promise<Server> {
    const idle = this.#takeIdle();
    if (priority === 'run') this.#growSoon();
    if (idle !== undefined) return idle;
    if (this.#taken === 0) return this.takeNew();
    if (priority === 'user') void this.#grow();
    return new Promise((resolve, reject) => {
      this.#waiting.add({ priority, resolve, reject });
    });
  }

  /** One that no other request is waiting for. */
  async takeNew(): Promise<Server> {
    this.#taken += 1;
    try {
      return await this.#actions.start();
    } catch (error) {
      this.#taken -= 1;
      this.#rejectWaiters(error);
      throw error;
    }
  }

  /** Takes `server` back from a request; one that cannot be used again is dropped. */
  giveBack(server: Server, isUsable: boolean): void {
    this.#taken -= 1;
    if (isUsable) this.offer(server);
    else if (!this.#waiting.isEmpty) void this.#grow();
  }

  /** To the first who waits, or among the idle ones. */
  offer(server: Server): void {
    const waiter = this.#waiting.next();
    if (waiter === undefined) {
      this.#idle.push(server);
      this.#stopGrowing();
      return;
    }
    this.#taken += 1;
    waiter.resolve(server);
  }

  /** Tells all who wait that there will be no server. */
  close(reason: unknown): void {
    this.#stopGrowing();
    for (let next = this.#waiting.next(); next !== undefined; next = this.#waiting.next()) {
      next.reject(reason);
    }
  }

  #takeIdle(): Server | undefined {
    for (let server = this.#idle.pop(); server !== undefined; server = this.#idle.pop()) {
      if (server.alive) {
        this.#taken += 1;
        return server;
      }
      this.#actions.forget(server);
    }
    return undefined;
  }

  /**
   * When a run keeps every server, what waits should get one more, and a user or a restart should not
   * have to wait for theirs. Quick programs give a server back before that, and cost no process more.
   */
  #growSoon(): void {
    if (this.#idle.length > 0 || this.#isGrowing) return;
    this.#growth ??= setTimeout(() => {
      this.#growth = undefined;
      this.#isGrowing = true;
      void this.#grow().then((isGrown) => {
        this.#isGrowing = false;
        // A request that waited may have taken it, and may keep it.
        if (isGrown && this.#taken > 0) this.#growSoon();
      });
    }, GROW_AFTER_MS).unref();
  }

  #stopGrowing(): void {
    clearTimeout(this.#growth);
    this.#growth = undefined;
  }

  /** One server more, for the request that waits longest or comes next. */
  async #grow(): Promise<boolean> {
    try {
      this.offer(await this.#actions.start());
      return true;
    } catch (error) {
      this.#rejectWaiters(error);
      return false;
    }
  }

  /** A server could not be started: those who wait for one are told, unless one at work will do. */
  #rejectWaiters(error: unknown): void {
    if (this.#taken === 0) this.close(error);
  }
}
