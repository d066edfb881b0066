/** The steps of one run, in the chosen order, growing while the run does. */
import {
  MAXIMUM_PAGE,
  type ItemFilter,
  type Page,
  type StepsQuery,
} from '../../../server/protocol/queries.ts';
import type { RunId, StepOverview } from '../../../server/protocol/runs.ts';
import { PagedList } from './pagedList.ts';

export interface StepListOptions {
  readonly runId: RunId;
  readonly newestFirst: boolean;
  readonly filter: ItemFilter;
  readonly query: (query: StepsQuery, signal: AbortSignal) => Promise<Page<StepOverview>>;
}

export class StepList {
  readonly #options: StepListOptions;
  readonly #list: PagedList<StepOverview>;
  readonly #dropped = new AbortController();
  #shown = MAXIMUM_PAGE;
  #newestStep = -1;
  #catchingUp: Promise<void> | undefined;

  constructor(options: StepListOptions) {
    this.#options = options;
    const order = options.newestFirst ? 'newest' : 'oldest';
    this.#list = new PagedList((loaded) => this.#page(order, loaded.at(-1)?.step));
  }

  /**
   * The steps to show when the run has committed `lastStep`, and whether there are more. Only what is
   * not loaded yet is asked for: a committed step never changes until the run takes steps back, and then
   * a new list takes this one's place.
   */
  async read(lastStep: number): Promise<{ steps: readonly StepOverview[]; hasMore: boolean }> {
    if (lastStep < 0) return { steps: [], hasMore: false };
    const isFirst = this.#list.items.length === 0 && this.#list.hasMore;
    await this.#list.load(this.#shown);
    if (isFirst) this.#newestStep = Math.max(this.#newestStep, lastStep);
    else if (lastStep > this.#newestStep) await this.#catchUp(lastStep);
    const steps = this.#list.items.slice(0, this.#shown);
    return { steps, hasMore: this.#list.hasMore || this.#list.items.length > steps.length };
  }

  /** Gives up what is on its way: a filter may have the server look through the whole run. */
  drop(): void {
    this.#dropped.abort();
  }

  showMore(): void {
    this.#shown += MAXIMUM_PAGE;
  }

  /** Shows as many steps as it takes to have `step` among them. */
  async showStep(step: number, lastStep: number): Promise<void> {
    const hasStep = () => this.#list.items.some((candidate) => candidate.step === step);
    await this.read(lastStep);
    while (!hasStep() && this.#list.hasMore) {
      await this.#list.load(this.#list.items.length + MAXIMUM_PAGE);
    }
    const index = this.#list.items.findIndex((candidate) => candidate.step === step);
    while (index >= this.#shown) this.showMore();
  }

  #catchUp(lastStep: number): Promise<void> {
    this.#catchingUp ??= this.#fetchNewer()
      .then(() => {
        this.#newestStep = lastStep;
      })
      .finally(() => {
        this.#catchingUp = undefined;
      });
    return this.#catchingUp;
  }

  async #fetchNewer(): Promise<void> {
    if (!this.#options.newestFirst) {
      await this.#list.grow();
      return;
    }
    // Older ones were looked at, also where a filter left them out.
    let newest = Math.max(this.#list.items[0]?.step ?? -1, this.#newestStep);
    while (true) {
      const { items, cursor } = await this.#page('oldest', newest);
      this.#list.prepend(items.toReversed());
      const next = items.at(-1)?.step;
      if (cursor === undefined || next === undefined || next <= newest) return;
      newest = next;
    }
  }

  #page(order: StepsQuery['order'], beyondStep: number | undefined): Promise<Page<StepOverview>> {
    const { runId, filter, query } = this.#options;
    const asked = { runId, order, limit: MAXIMUM_PAGE, filter };
    return query(
      { ...asked, ...(beyondStep !== undefined && { beyondStep }) },
      this.#dropped.signal,
    );
  }
}
