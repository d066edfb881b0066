/**
 * What the tree shows and how it is loaded: lazily, in pages, each committed row once, and once more
 * after a run took steps back. It knows nothing of VS Code; the provider beside it turns nodes into items.
 */
import { problemOf } from '../connection/problemOf.ts';
import type { DocumentLocation } from '../../../server/protocol/languageMessages.ts';
import {
  MAXIMUM_PAGE,
  type AttemptItem,
  type ItemFilter,
  type Page,
  type ProposalItem,
  type StepItemsQuery,
  type StepsQuery,
} from '../../../server/protocol/queries.ts';
import type { Problem } from '../../../server/protocol/problem.ts';
import type { RunId, RunOverview, StepOverview } from '../../../server/protocol/runs.ts';
import { newestFirst } from '../../../server/protocol/runOrder.ts';
import { isBusy } from '../state/runFacts.ts';
import { PagedList } from './pagedList.ts';
import { StepList } from './stepList.ts';
import {
  runNodeId,
  type GroupNode,
  type ItemNode,
  type LiveNode,
  type LiveTaskNode,
  type MoreNode,
  type ProblemNode,
  type RunNode,
  type StepNode,
  type TreeNode,
} from './treeNode.ts';

export interface TreeSource {
  steps(query: StepsQuery, signal: AbortSignal): Promise<Page<StepOverview>>;
  stepItems(query: StepItemsQuery): Promise<Page<ProposalItem | AttemptItem>>;
}

type Items = PagedList<ProposalItem | AttemptItem>;

export class TaskTreeModel {
  readonly #source: TreeSource;
  readonly #changed: (node: TreeNode | undefined) => void;
  readonly #nodes = new Map<string, TreeNode>();
  readonly #steps = new Map<RunId, StepList>();
  readonly #items = new Map<string, Items>();
  readonly #shownItems = new Map<string, number>();
  #runs: readonly RunNode[] = [];
  #shownRuns = MAXIMUM_PAGE;
  #filter: ItemFilter = {};
  #newestFirst = true;

  /** `changed` is called with each node whose look or children changed; undefined for the root. */
  constructor(source: TreeSource, changed: (node: TreeNode | undefined) => void) {
    this.#source = source;
    this.#changed = changed;
  }

  get filter(): ItemFilter {
    return this.#filter;
  }

  setFilter(filter: ItemFilter): void {
    this.#filter = filter;
    this.#forgetSteps();
  }

  setNewestFirst(value: boolean): void {
    if (this.#newestFirst === value) return;
    this.#newestFirst = value;
    this.#forgetSteps();
  }

  /** Takes over how the runs are now, and tells which nodes changed by it. */
  setRuns(runs: readonly RunOverview[]): void {
    const before = new Map(this.#runs.map((node) => [node.run.id, node]));
    this.#runs = newestFirst(runs).map((run, index) => {
      const known = before.get(run.id);
      return known === undefined ? this.#newRunNode(run, index === 0) : this.#update(known, run);
    });
    const isSameList =
      before.size === this.#runs.length && this.#runs.every((node) => before.has(node.run.id));
    if (!isSameList) this.#changed(undefined);
  }

  /** Children to show; throws what the server refuses with. */
  async children(node?: TreeNode): Promise<readonly TreeNode[]> {
    if (node === undefined) return this.#rootChildren();
    try {
      if (node.kind === 'run') return await this.#runChildren(node);
      if (node.kind === 'live') return this.#liveTasks(node);
      if (node.kind === 'step') return this.#groups(node);
      if (node.kind === 'group') return await this.#groupChildren(node);
      return [];
    } catch (error) {
      return [problemNode(node, problemOf(error))];
    }
  }

  showMore({ parent }: MoreNode): void {
    if (parent === undefined) this.#shownRuns += MAXIMUM_PAGE;
    else if (parent.kind === 'run') this.#stepList(parent).showMore();
    else this.#shownItems.set(parent.id, this.#shownCount(parent) + MAXIMUM_PAGE);
    this.#changed(parent);
  }

  runNode(runId: RunId): RunNode | undefined {
    return this.#runs.find(({ run }) => run.id === runId);
  }

  /** The node of a step, loaded if need be; undefined when the run or the filter does not have it. */
  async stepNode(runId: RunId, step: number): Promise<StepNode | undefined> {
    const runNode = this.runNode(runId);
    if (runNode === undefined) return undefined;
    await this.#fromSteps(runNode, (list) => list.showStep(step, runNode.run.lastStep));
    const children = await this.children(runNode);
    return children.find((child) => child.kind === 'step' && child.step.step === step) as
      StepNode | undefined;
  }

  /** The node of a document; only without a filter is the position what the list is counted by. */
  async itemNode(location: DocumentLocation): Promise<ItemNode | undefined> {
    const stepNode = await this.stepNode(location.runId, location.step);
    if (stepNode === undefined) return undefined;
    const groupNode = this.#groups(stepNode).find(
      ({ group }) => group.role === location.role && group.mode === location.mode,
    );
    if (groupNode === undefined) return undefined;
    while (location.position >= this.#shownCount(groupNode)) {
      this.#shownItems.set(groupNode.id, this.#shownCount(groupNode) + MAXIMUM_PAGE);
    }
    const child = (await this.children(groupNode))[location.position];
    return child?.kind === 'item' ? child : undefined;
  }

  #rootChildren(): readonly TreeNode[] {
    const shown = this.#runs.slice(0, this.#shownRuns);
    return shown.length < this.#runs.length
      ? [...shown, { kind: 'more', id: 'more', parent: undefined }]
      : shown;
  }

  async #runChildren(node: RunNode): Promise<readonly TreeNode[]> {
    if (node.run.state === 'unreadable' && node.run.problem !== undefined) {
      return [problemNode(node, node.run.problem)];
    }
    const { steps, hasMore } = await this.#fromSteps(node, (list) => list.read(node.run.lastStep));
    const stepNodes = steps
      .map((step) =>
        this.#known<StepNode>({ kind: 'step', id: `${node.id}/${step.step}`, parent: node, step }),
      )
      .filter((stepNode) => this.#groups(stepNode).length > 0);
    const live = isBusy(node.run) && node.run.live !== undefined ? [this.#liveNode(node)] : [];
    const more: MoreNode[] = hasMore ? [{ kind: 'more', id: `${node.id}/more`, parent: node }] : [];
    return this.#newestFirst ? [...live, ...stepNodes, ...more] : [...stepNodes, ...more, ...live];
  }

  /** What was on its way when its list was dropped is read again, from the list in its place. */
  async #fromSteps<Result>(
    node: RunNode,
    read: (list: StepList) => Promise<Result>,
  ): Promise<Result> {
    for (;;) {
      const list = this.#stepList(node);
      const isDropped = () => list !== this.#steps.get(node.run.id);
      try {
        const result = await read(list);
        if (!isDropped()) return result;
      } catch (error) {
        if (!isDropped()) throw error;
      }
    }
  }

  /** No position of theirs outlives the step, so that they are made anew each time. */
  #liveTasks(node: LiveNode): readonly LiveTaskNode[] {
    const { modes = [] } = this.#filter;
    const { live } = node.parent.run;
    const nodes = (live?.tasks ?? [])
      .filter(({ mode }) => modes.length === 0 || modes.includes(mode))
      .map((task): LiveTaskNode => {
        const id = `${node.id}/${String(live?.step)}/${String(task.number)}`;
        return { kind: 'liveTask', id, parent: node, task };
      });
    return this.#newestFirst ? nodes.toReversed() : nodes;
  }

  #groups(node: StepNode): readonly GroupNode[] {
    const { roles = [], modes = [] } = this.#filter;
    return (
      node.step.groups
        // Held-out tasks are answered by the solver.
        .filter(
          ({ role }) =>
            roles.length === 0 || roles.includes(role === 'proposer' ? 'proposer' : 'solver'),
        )
        .filter(({ mode }) => modes.length === 0 || modes.includes(mode))
        .filter(({ count }) => count > 0)
        .map((group) =>
          this.#known<GroupNode>({
            kind: 'group',
            id: `${node.id}/${group.role}/${group.mode}`,
            parent: node,
            group,
          }),
        )
    );
  }

  async #groupChildren(node: GroupNode): Promise<readonly TreeNode[]> {
    const shown = this.#shownCount(node);
    const list = await this.#loadedItems(node, shown);
    const items = list.items
      .slice(0, shown)
      .map((item) =>
        this.#known<ItemNode>({ kind: 'item', id: itemNodeId(node, item), parent: node, item }),
      );
    const hasMore = list.hasMore || list.items.length > shown;
    return hasMore ? [...items, { kind: 'more', id: `${node.id}/more`, parent: node }] : items;
  }

  /** What was on its way when its list was dropped is read again. */
  async #loadedItems(node: GroupNode, count: number): Promise<Items> {
    for (;;) {
      const list = this.#itemList(node);
      await list.load(count);
      if (list === this.#items.get(node.id)) return list;
    }
  }

  #itemList(node: GroupNode): Items {
    const known = this.#items.get(node.id);
    if (known !== undefined) return known;
    const { run } = node.parent.parent;
    const list: Items = new PagedList((loaded) =>
      this.#source.stepItems({
        runId: run.id,
        step: node.parent.step.step,
        role: node.group.role,
        mode: node.group.mode,
        offset: loaded.length,
        limit: MAXIMUM_PAGE,
        filter: this.#filter,
      }),
    );
    this.#items.set(node.id, list);
    return list;
  }

  #stepList(node: RunNode): StepList {
    const known = this.#steps.get(node.run.id);
    if (known !== undefined) return known;
    const list = new StepList({
      runId: node.run.id,
      newestFirst: this.#newestFirst,
      filter: this.#filter,
      query: (query, signal) => this.#source.steps(query, signal),
    });
    this.#steps.set(node.run.id, list);
    return list;
  }

  #shownCount(node: GroupNode): number {
    return this.#shownItems.get(node.id) ?? MAXIMUM_PAGE;
  }

  #liveNode(parent: RunNode): LiveNode {
    return this.#known<LiveNode>({ kind: 'live', id: `${parent.id}/live`, parent });
  }

  #newRunNode(run: RunOverview, initiallyExpanded: boolean): RunNode {
    return this.#known<RunNode>({ kind: 'run', id: runNodeId(run.id), run, initiallyExpanded });
  }

  /** Only what is told below the run changes with its live progress; the run itself changes rarely. */
  #update(node: RunNode, run: RunOverview): RunNode {
    const before = node.run;
    node.run = run;
    const hasDiscarded = run.lastStep < before.lastStep || run.lastDiscard !== before.lastDiscard;
    if (hasDiscarded) this.#forgetStepsOf(node);
    const hadLive = isBusy(before) && before.live !== undefined;
    const hasLive = isBusy(run) && run.live !== undefined;
    const isSame =
      before.state === run.state &&
      before.lastStep === run.lastStep &&
      before.sequence === run.sequence &&
      hadLive === hasLive;
    if (!isSame) this.#changed(node);
    else if (hasLive) this.#changed(this.#liveNode(node));
    return node;
  }

  #known<Node extends TreeNode>(node: Node): Node {
    const known = this.#nodes.get(node.id);
    if (known !== undefined) return known as Node;
    this.#nodes.set(node.id, node);
    return node;
  }

  #forgetSteps(): void {
    for (const node of this.#runs) this.#forgetStepsOf(node);
    this.#changed(undefined);
  }

  /** The steps of a run, and all that is below them, are read again. */
  #forgetStepsOf(run: RunNode): void {
    this.#steps.get(run.run.id)?.drop();
    this.#steps.delete(run.run.id);
    const below = `${run.id}/`;
    for (const map of [this.#nodes, this.#items, this.#shownItems]) {
      for (const id of map.keys()) if (id.startsWith(below)) map.delete(id);
    }
  }
}

function itemNodeId(parent: GroupNode, item: ProposalItem | AttemptItem): string {
  const own = item.kind === 'proposal' ? `proposal-${item.id}` : `attempt-${item.group}`;
  return `${parent.id}/${own}`;
}

function problemNode(parent: TreeNode, problem: Problem): ProblemNode {
  return { kind: 'problem', id: `${parent.id}/problem`, parent, problem };
}
