/** The real engine, with what it was asked; a test can have it wait before it begins. */
import type { ServedEngine } from '../../server/protocol/engine.ts';

export interface EngineCall {
  readonly name: 'sample' | 'scoreTokens';
  /** Of its first argument, the prompts or the sequences to score. */
  readonly items: number;
  readonly signal: AbortSignal | undefined;
}

export class WatchedEngine {
  readonly calls: EngineCall[] = [];
  #gate: Promise<void> = Promise.resolve();

  /** Calls wait until the function that is returned is called. */
  hold(): () => void {
    let release = (): void => undefined;
    this.#gate = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  watch(engine: ServedEngine): ServedEngine {
    return new Proxy(engine, {
      get: (object, name: keyof ServedEngine) => {
        if (name === 'sample') {
          return async (...parameters: Parameters<ServedEngine['sample']>) => {
            const [items, , signal] = parameters;
            this.calls.push({ name, items: items.length, signal });
            await this.#gate;
            return object.sample(...parameters);
          };
        }
        if (name === 'scoreTokens') {
          return async (...parameters: Parameters<ServedEngine['scoreTokens']>) => {
            const [items, signal] = parameters;
            this.calls.push({ name, items: items.length, signal });
            await this.#gate;
            return object.scoreTokens(...parameters);
          };
        }
        const member = object[name];
        return typeof member === 'function' ? member.bind(object) : member;
      },
    });
  }
}
