/**
 * The extension's end of one page. It answers `ready` with the whole state, passes on the requests a
 * page may make, and sends a hidden page nothing: it starts over with `ready` when it is shown again.
 */
import { isCancellation, problemOf } from '../connection/problemOf.ts';
import type { Problem } from '../../../server/protocol/problem.ts';
import type { RunOverview } from '../../../server/protocol/runs.ts';
import { PROTOCOL_VERSION } from '../../../server/protocol/version.ts';
import type {
  HostMessage,
  PageAction,
  PageFocus,
  PageRequestName,
  StepperMove,
} from '../../../server/protocol/webviewMessages.ts';
import { ChangeBatch } from '../changeBatch.ts';
import { pageMessage } from './pageMessage.ts';

/** At most ten updates a second reach a page. */
const UPDATE_INTERVAL_MS = 100;

export interface PageHostOptions {
  readonly post: (message: HostMessage) => void;
  readonly request: (
    method: PageRequestName,
    parameters: unknown,
    signal: AbortSignal,
  ) => Promise<unknown>;
  readonly runs: () => readonly RunOverview[];
  readonly act: (action: PageAction) => void;
  readonly memory: () => unknown;
  readonly log: (defect: string) => void;
  /** The page is of another version than the extension. */
  readonly onMismatch: () => void;
}

export class PageHost {
  readonly #options: PageHostOptions;
  readonly #updates = new ChangeBatch<'runs'>(UPDATE_INTERVAL_MS, () => {
    if (this.#ready !== undefined) this.#post({ kind: 'runs', runs: this.#options.runs() });
  });
  #focus: PageFocus;
  /** Aborted when the page goes; undefined until it says that it is ready. */
  #ready: AbortController | undefined;
  /** What the page waits for, by the numbers of its requests. */
  readonly #asked = new Map<number, AbortController>();

  constructor(focus: PageFocus, options: PageHostOptions) {
    this.#focus = focus;
    this.#options = options;
  }

  get focus(): PageFocus {
    return this.#focus;
  }

  receive(value: unknown): void {
    const message = pageMessage(value);
    if ('refused' in message) {
      this.#options.log(message.refused);
      return;
    }
    switch (message.kind) {
      case 'ready':
        this.#greet(message.protocolVersion);
        break;
      case 'request':
        void this.#answer(message.id, message.method, message.parameters);
        break;
      case 'cancel':
        this.#asked.get(message.id)?.abort();
        break;
      case 'action':
        this.#options.act(message.action);
        break;
      case 'defect':
        this.#options.log(`Defect in a page: ${message.message}`);
        break;
    }
  }

  /** The page was hidden or replaced: what it waits for is given up. */
  leave(): void {
    this.#ready?.abort();
    this.#ready = undefined;
  }

  runsChanged(): void {
    if (this.#ready !== undefined) this.#updates.add('runs');
  }

  setFocus(focus: PageFocus): void {
    this.#focus = focus;
    this.#post({ kind: 'focus', focus });
  }

  move(move: StepperMove): void {
    this.#post({ kind: 'move', move });
  }

  dispose(): void {
    this.leave();
    this.#updates.dispose();
  }

  #greet(protocolVersion: number): void {
    if (protocolVersion !== PROTOCOL_VERSION) {
      this.#options.onMismatch();
      return;
    }
    this.leave();
    this.#ready = new AbortController();
    const memory = this.#options.memory();
    this.#post({
      kind: 'state',
      protocolVersion: PROTOCOL_VERSION,
      runs: this.#options.runs(),
      focus: this.#focus,
      ...(memory !== undefined && { memory }),
    });
  }

  async #answer(id: number, method: PageRequestName, parameters: unknown): Promise<void> {
    const page = this.#ready;
    if (page === undefined) return;
    const own = new AbortController();
    this.#asked.set(id, own);
    const signal = AbortSignal.any([page.signal, own.signal]);
    let answer: HostMessage;
    try {
      const result = await this.#options.request(method, parameters, signal);
      answer = { kind: 'response', id, result };
    } catch (error) {
      answer = { kind: 'refusal', id, problem: refusal(error) };
    }
    // A page that started over counts its requests from the beginning.
    if (this.#asked.get(id) === own) this.#asked.delete(id);
    if (!signal.aborted) this.#post(answer);
  }

  #post(message: HostMessage): void {
    if (this.#ready !== undefined) this.#options.post(message);
  }
}

function refusal(error: unknown): Problem {
  const problem = problemOf(error);
  return isCancellation(error) ? { ...problem, code: 'cancelled' } : problem;
}
