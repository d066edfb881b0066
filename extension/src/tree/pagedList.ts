/** A list that is fetched page by page. Concurrent readers share one fetch. */
import type { Page } from '../../../server/protocol/queries.ts';

/** Gives the page after `loaded`. */
export type FetchPage<Item> = (loaded: readonly Item[]) => Promise<Page<Item>>;

export class PagedList<Item> {
  readonly #fetch: FetchPage<Item>;
  #items: readonly Item[] = [];
  #hasMore = true;
  #fetching: Promise<void> | undefined;

  constructor(fetch: FetchPage<Item>) {
    this.#fetch = fetch;
  }

  get items(): readonly Item[] {
    return this.#items;
  }

  /** Whether the server may have more; true before the first page. */
  get hasMore(): boolean {
    return this.#hasMore;
  }

  /** Loads until at least `count` items are there or there are no more. */
  async load(count: number): Promise<void> {
    while (this.#items.length < count && this.#hasMore) await this.#nextPage();
  }

  /** Looks for items beyond an end that was reached before. */
  async grow(): Promise<void> {
    if (this.#hasMore) return;
    this.#hasMore = true;
    await this.load(Number.POSITIVE_INFINITY);
  }

  /** Puts newer items before the loaded ones. */
  prepend(newer: readonly Item[]): void {
    this.#items = [...newer, ...this.#items];
  }

  #nextPage(): Promise<void> {
    this.#fetching ??= this.#fetch(this.#items)
      .then(({ items, cursor }) => {
        this.#items = [...this.#items, ...items];
        // A page that brings nothing must not be asked for for ever.
        this.#hasMore = cursor !== undefined && items.length > 0;
      })
      .finally(() => {
        this.#fetching = undefined;
      });
    return this.#fetching;
  }
}
