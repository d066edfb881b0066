/** Keys for engines at an address, by the engine's origin, in the editor's secret storage and nowhere else. */
import type { SecretStorage } from 'vscode';

const SECRET = 'azr.engineKeys';

export class StoredKeys {
  readonly #secrets: Pick<SecretStorage, 'get' | 'store'>;

  constructor(secrets: Pick<SecretStorage, 'get' | 'store'>) {
    this.#secrets = secrets;
  }

  /** A JSON object of keys by origin. An empty key is one as well: that of an engine that asks for none. */
  async json(): Promise<string> {
    return JSON.stringify(await this.#all());
  }

  async origins(): Promise<string[]> {
    return Object.keys(await this.#all());
  }

  async set(origin: string, key: string): Promise<void> {
    await this.#secrets.store(SECRET, JSON.stringify({ ...(await this.#all()), [origin]: key }));
  }

  async #all(): Promise<Record<string, string>> {
    const stored = await this.#secrets.get(SECRET);
    return stored === undefined ? {} : (JSON.parse(stored) as Record<string, string>);
  }
}
