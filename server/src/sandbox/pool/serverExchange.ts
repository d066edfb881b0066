/** One request at a time to a server: sent, watched, and answered unless the server is gone or hangs. */
import { SERVER_DIED, SERVER_HUNG } from './sandboxServer.ts';

interface Numbered {
  readonly identifier: bigint;
}

export class ServerExchange<Response extends Numbered> {
  served = 0;
  readonly #killProcess: () => void;
  #nextIdentifier: bigint;
  #dead = false;
  #answer: ((response: Response | typeof SERVER_DIED) => void) | undefined;

  constructor(killProcess: () => void, firstIdentifier: bigint) {
    this.#killProcess = killProcess;
    this.#nextIdentifier = firstIdentifier;
  }

  get alive(): boolean {
    return !this.#dead;
  }

  /** Never rejects; a server that has not answered after `timeoutMs` is killed. */
  async request(
    send: (identifier: bigint) => void,
    timeoutMs: number,
  ): Promise<Response | typeof SERVER_DIED | typeof SERVER_HUNG> {
    if (this.#dead) return SERVER_DIED;
    const identifier = this.#nextIdentifier++;
    const watch = { expired: false };
    const watchdog = setTimeout(() => {
      watch.expired = true;
      this.kill();
    }, timeoutMs);
    const response = await new Promise<Response | typeof SERVER_DIED>((resolve) => {
      this.#answer = resolve;
      send(identifier);
    });
    clearTimeout(watchdog);
    this.served += 1;
    if (response === SERVER_DIED) return watch.expired ? SERVER_HUNG : SERVER_DIED;
    if (response.identifier === identifier) return response;
    // Out of step, which only a defect can cause; no later answer can be trusted.
    this.kill();
    return SERVER_DIED;
  }

  /** To be called with every response of the server. */
  settle(response: Response | typeof SERVER_DIED): void {
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.(response);
  }

  /** To be called when the server's process has ended. */
  ended(): void {
    this.#dead = true;
    this.settle(SERVER_DIED);
  }

  kill(): void {
    this.#dead = true;
    this.#killProcess();
  }
}
