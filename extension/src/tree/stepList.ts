/** The steps of one run, in the chosen order, growing while the run does. */
import {
  MAXIMUM_PAGE,
  type ItemFilter,
  type Page,
  type StepsQuery,
} from '../../../server/protocol/queries.ts';
import type { RunId, StepOverview } from '../../../server/protocol/runs.ts';
import { cursorNumber, PagedList } from './pagedList.ts';

export interface StepListOptions {
  readonly runId: RunId;
  readonly newestFirst: boolean;
  readonly filter: ItemFilter;
  readonly query: (query: StepsQuery) => Promise<Page<StepOverview>>;
}

export class StepList {
  readonly #options: StepListOptions;
  readonly #list: PagedList<StepOverview>;
  #shown = MAXIMUM_PAGE;
  #newestStep = -1;
  #catchingUp: Promise<void> | undefined;

  constructor(options: StepListOptions) {
    this.#options = options;
    const order = options.newestFirst ? 'newest' : 'oldest';
    this.#list = new PagedList((loaded, cursor) =>
      this.#page(order, cursorNumber(cursor) ?? loaded.at(-1)?.step),
    );
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
    let newest = this.#list.items[0]?.step ?? this.#newestStep;
    while (true) {
      const page = await this.#page('oldest', newest);
      this.#list.prepend(page.items.toReversed());
      const next = cursorNumber(page.cursor) ?? page.items.at(-1)?.step;
      if (page.cursor === undefined || next === undefined || next <= newest) return;
      newest = next;
    }
  }

  #page(order: StepsQuery['order'], beyondStep: number | undefined): Promise<Page<StepOverview>> {
    const { runId, filter, query } = this.#options;
    return query({
      runId,
      order,
      limit: MAXIMUM_PAGE,
      filter,
      ...(beyondStep !== undefined && { beyondStep }),
    });
  }
}
