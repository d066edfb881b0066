/** A list that is fetched page by page. Concurrent readers share one fetch. */
import type { Page } from '../../../server/protocol/queries.ts';

/** Gives the page after `loaded`; `cursor` is what the page before it came with. */
export type FetchPage<Item> = (
  loaded: readonly Item[],
  cursor: string | undefined,
) => Promise<Page<Item>>;

export class PagedList<Item> {
  readonly #fetch: FetchPage<Item>;
  #items: readonly Item[] = [];
  #cursor: string | undefined;
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
    this.#cursor = undefined;
    await this.load(Number.POSITIVE_INFINITY);
  }

  /** Puts newer items before the loaded ones. */
  prepend(newer: readonly Item[]): void {
    this.#items = [...newer, ...this.#items];
  }

  #nextPage(): Promise<void> {
    this.#fetching ??= this.#fetch(this.#items, this.#cursor)
      .then(({ items, cursor }) => {
        this.#items = [...this.#items, ...items];
        // A page that neither brings nor leads to anything must not be asked for for ever.
        this.#hasMore = cursor !== undefined && (items.length > 0 || cursor !== this.#cursor);
        this.#cursor = cursor;
      })
      .finally(() => {
        this.#fetching = undefined;
      });
    return this.#fetching;
  }
}

/** The number in a cursor that is one: queries by step or offset go on from there. */
export function cursorNumber(cursor: string | undefined): number | undefined {
  return cursor !== undefined && /^-?\d{1,15}$/.test(cursor) ? Number(cursor) : undefined;
}
