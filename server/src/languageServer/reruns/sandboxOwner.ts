/**
 * The sandbox that reruns use: opened with the first one, shared by those that follow, and closed
 * when there was no request for a while, because its processes hold memory.
 */
import { ProblemError } from '../../../protocol/problem.ts';
import type { RunSettings } from '../../../protocol/settings.ts';
import { openGrader, type OpenGrader } from '../../run/openGrader.ts';

const IDLE_MS = 60_000;

interface Opened {
  readonly key: string;
  readonly grader: Promise<OpenGrader>;
  users: number;
}

export class SandboxOwner {
  readonly #open: (settings: RunSettings) => Promise<OpenGrader>;
  readonly #idleMs: number;
  readonly #opened = new Set<Opened>();
  #current: Opened | undefined;
  #idle: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(open = openGrader, idleMs = IDLE_MS) {
    this.#open = open;
    this.#idleMs = idleMs;
  }

  /** How many sandboxes are open now. */
  get openCount(): number {
    return this.#opened.size;
  }

  /**
   * Runs `action` with the sandbox and grader that `settings` ask for. Runs differ in limits and
   * rules, so another run's settings open another sandbox and let the one before go.
   */
  async use<Result>(
    settings: RunSettings,
    action: (open: OpenGrader) => Promise<Result>,
  ): Promise<Result> {
    if (this.#isClosed) {
      throw new ProblemError({
        code: 'closed',
        message: 'The server is shutting down.',
        remedy: 'Run it again afterwards.',
      });
    }
    clearTimeout(this.#idle);
    const opened = this.#openedFor(settings);
    opened.users += 1;
    try {
      return await action(await opened.grader);
    } finally {
      opened.users -= 1;
      if (opened.users === 0 && opened !== this.#current) await this.#close(opened);
      this.#restIfIdle();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#idle);
    this.#current = undefined;
    await Promise.all([...this.#opened].map((opened) => this.#close(opened)));
  }

  #openedFor(settings: RunSettings): Opened {
    const key = JSON.stringify(settings);
    const before = this.#current;
    if (before?.key === key) return before;
    const opened: Opened = { key, grader: this.#open(settings), users: 0 };
    this.#opened.add(opened);
    this.#current = opened;
    // One that cannot be opened must be tried again the next time.
    opened.grader.catch(() => {
      this.#opened.delete(opened);
      if (this.#current === opened) this.#current = undefined;
    });
    if (before?.users === 0) void this.#close(before);
    return opened;
  }

  #restIfIdle(): void {
    if (this.#isClosed || [...this.#opened].some(({ users }) => users > 0)) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      const opened = this.#current;
      this.#current = undefined;
      if (opened !== undefined) void this.#close(opened);
    }, this.#idleMs).unref();
  }

  async #close(opened: Opened): Promise<void> {
    this.#opened.delete(opened);
    const grader = await opened.grader.catch(() => undefined);
    await grader?.close();
  }
}
