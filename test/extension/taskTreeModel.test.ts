import { beforeEach, describe, expect, test, vi } from 'vitest';

import { TaskTreeModel, type TreeSource } from '../../extension/src/tree/taskTreeModel.ts';
import type { MoreNode, TreeNode } from '../../extension/src/tree/treeNode.ts';
import type { StepItemsQuery, StepsQuery } from '../../server/protocol/queries.ts';
import { overview, proposal, step } from './treeSamples.ts';

/** A run with steps 0 to `lastStep` and `items` proposals in every list, paged as the server does. */
class RunSource implements TreeSource {
  lastStep: number;
  items = 3;
  failure: Error | undefined;
  /** How long every step took: another time makes another step of it. */
  durationMs = 5200;
  /** Answers that are ready wait for it. */
  delivery: Promise<void> = Promise.resolve();
  readonly stepQueries: StepsQuery[] = [];
  readonly signals: AbortSignal[] = [];
  readonly itemQueries: StepItemsQuery[] = [];

  constructor(lastStep: number) {
    this.lastStep = lastStep;
  }

  async steps(query: StepsQuery, signal: AbortSignal) {
    this.stepQueries.push(query);
    this.signals.push(signal);
    if (this.failure !== undefined) throw this.failure;
    const all = Array.from({ length: this.lastStep + 1 }, (_, index) =>
      step(index, { durationMs: this.durationMs }),
    );
    const ordered = query.order === 'newest' ? all.toReversed() : all;
    const beyond = ordered.filter(({ step: number }) =>
      query.beyondStep === undefined
        ? true
        : query.order === 'newest'
          ? number < query.beyondStep
          : number > query.beyondStep,
    );
    const items = beyond.slice(0, query.limit);
    await this.delivery;
    signal.throwIfAborted();
    return items.length < beyond.length ? { items, cursor: 'more' } : { items };
  }

  async stepItems(query: StepItemsQuery) {
    this.itemQueries.push(query);
    const all = Array.from({ length: this.items }, (_, index) => proposal({ id: index + 1 }));
    const items = all.slice(query.offset, query.offset + query.limit);
    const end = query.offset + items.length;
    return end < all.length ? { items, cursor: String(end) } : { items };
  }
}

let source: RunSource;
let changes: (TreeNode | undefined)[];
let model: TaskTreeModel;

function open(lastStep: number): void {
  source = new RunSource(lastStep);
  changes = [];
  model = new TaskTreeModel(source, (node) => changes.push(node));
  model.setRuns([overview({ lastStep })]);
  changes.length = 0;
}

async function onlyRun(): Promise<TreeNode> {
  const [run] = await model.children();
  if (run === undefined) throw new Error('There is no run.');
  return run;
}

async function stepsShown(): Promise<(number | string)[]> {
  const children = await model.children(await onlyRun());
  return children.map((child) => (child.kind === 'step' ? child.step.step : child.kind));
}

function moreOf(children: readonly TreeNode[]): MoreNode {
  const last = children.at(-1);
  if (last?.kind !== 'more') throw new Error('There is no "Load more".');
  return last;
}

beforeEach(() => {
  open(2);
});

describe('runs', () => {
  test('come newest first, and only a changed list refreshes the root', async () => {
    const newer = overview({ id: 'run-2', name: 'second', createdAt: '2026-11-25T09:00:00Z' });
    model.setRuns([overview({ lastStep: 2 }), newer]);
    const shown = await model.children();

    expect(shown.map((node) => (node.kind === 'run' ? node.run.id : node.kind))).toEqual([
      'run-2',
      'run-1',
    ]);
    expect(changes).toEqual([undefined]);

    changes.length = 0;
    model.setRuns([overview({ lastStep: 2 }), newer]);
    expect(changes).toEqual([]);
  });

  test('a run that only starts is the newest of all, as it is for the server', async () => {
    const starting = {
      id: 'run-2',
      name: '2026-11-24T08-00-00-azr-nano',
      state: 'starting',
    } as const;
    const { createdAt, ...dateless } = overview({ ...starting, lastStep: -1 });
    expect(createdAt).toBeDefined();
    model.setRuns([overview({ lastStep: 2 }), dateless]);
    const shown = await model.children();

    expect(shown.map((node) => (node.kind === 'run' ? node.run.id : node.kind))).toEqual([
      'run-2',
      'run-1',
    ]);
  });

  test('a committed step refreshes its run, live progress only the line that shows it', async () => {
    const run = await onlyRun();
    model.setRuns([overview({ lastStep: 3, sequence: 14 })]);
    expect(changes).toEqual([run]);

    const live = { step: 4, phase: 'solve', done: 1, total: 9 } as const;
    model.setRuns([overview({ lastStep: 3, sequence: 14, live })]);
    changes.length = 0;
    model.setRuns([overview({ lastStep: 3, sequence: 14, live: { ...live, done: 2 } })]);
    expect(changes.map((node) => node?.kind)).toEqual(['live']);
  });

  test('the step at work lists its tasks before they are stored, filtered by mode', async () => {
    const tasks = [
      { number: 1, mode: 'deduction', title: 'return x + 1' },
      { number: 2, mode: 'abduction', title: 'return sorted(x)', solveRate: 0.25 },
    ] as const;
    const live = { step: 4, phase: 'estimate', done: 1, total: 9, tasks } as const;
    model.setRuns([overview({ lastStep: 3, sequence: 14, live })]);
    const titles = async () => {
      const [liveNode] = await model.children(await onlyRun());
      const children = await model.children(liveNode);
      return children.map((child) => (child.kind === 'liveTask' ? child.task.title : child.kind));
    };

    expect(await titles()).toEqual(['return sorted(x)', 'return x + 1']);
    model.setNewestFirst(false);
    const children = await model.children(await onlyRun());
    expect((await model.children(children.at(-1))).map((child) => child.id)).toEqual([
      'run:run-1/live/4/1',
      'run:run-1/live/4/2',
    ]);
    model.setNewestFirst(true);
    model.setFilter({ modes: ['deduction'] });
    expect(await titles()).toEqual(['return x + 1']);
  });

  test('a node stays the same object as long as its place exists', async () => {
    const before = await onlyRun();
    const [stepBefore] = await model.children(before);
    model.setRuns([overview({ lastStep: 2, solveRate: 0.9, sequence: 14 })]);

    expect(await onlyRun()).toBe(before);
    expect((await model.children(before))[0]).toBe(stepBefore);
  });
});

describe('steps that were taken back', () => {
  async function stepTimes(): Promise<[number, number][]> {
    const children = await model.children(await onlyRun());
    return children.flatMap((child): [number, number][] =>
      child.kind === 'step' ? [[child.step.step, child.step.durationMs]] : [],
    );
  }

  test('are gone when the run continues from an earlier checkpoint', async () => {
    open(4);
    await stepsShown();
    source.lastStep = 2;
    model.setRuns([overview({ lastStep: 2, sequence: 20 })]);

    expect(await stepsShown()).toEqual([2, 1, 0]);
  });

  test('are read again when they were done again before the window heard of it', async () => {
    open(4);
    await stepsShown();
    const [newest] = await model.children(await onlyRun());
    const [group] = await model.children(newest);
    await model.children(group);
    const asked = source.itemQueries.length;
    source.durationMs = 900;
    model.setRuns([overview({ lastStep: 4, sequence: 20, lastDiscard: 15 })]);

    expect(await stepTimes()).toEqual([4, 3, 2, 1, 0].map((number) => [number, 900]));
    const [again] = await model.children(await onlyRun());
    await model.children((await model.children(again))[0]);
    expect(source.itemQueries.length).toBe(asked + 1);
  });

  test('do not come back with a page that was on its way', async () => {
    open(4);
    let deliver = (): void => undefined;
    source.delivery = new Promise((resolve) => {
      deliver = resolve;
    });
    const onItsWay = stepsShown();
    await vi.waitFor(() => {
      expect(source.stepQueries).toHaveLength(1);
    });
    source.durationMs = 900;
    model.setRuns([overview({ lastStep: 4, sequence: 20, lastDiscard: 15 })]);
    deliver();
    await onItsWay;

    expect(await stepTimes()).toEqual([4, 3, 2, 1, 0].map((number) => [number, 900]));
  });
});

describe('steps', () => {
  test('newest come first and are asked for once', async () => {
    expect(await stepsShown()).toEqual([2, 1, 0]);
    expect(await stepsShown()).toEqual([2, 1, 0]);
    expect(source.stepQueries).toHaveLength(1);
  });

  test('a step that was committed meanwhile is fetched alone and put on top', async () => {
    await stepsShown();
    source.lastStep = 4;
    model.setRuns([overview({ lastStep: 4, sequence: 15 })]);

    expect(await stepsShown()).toEqual([4, 3, 2, 1, 0]);
    expect(source.stepQueries.at(-1)).toMatchObject({ order: 'oldest', beyondStep: 2 });
    expect(source.stepQueries).toHaveLength(2);
  });

  test('oldest first, a new step comes last', async () => {
    model.setNewestFirst(false);
    expect(await stepsShown()).toEqual([0, 1, 2]);
    source.lastStep = 3;
    model.setRuns([overview({ lastStep: 3, sequence: 14 })]);

    expect(await stepsShown()).toEqual([0, 1, 2, 3]);
  });

  test('no more than 200 are shown; the rest comes with "Load more"', async () => {
    open(450);
    const run = await onlyRun();
    const first = await model.children(run);
    expect(first).toHaveLength(201);

    model.showMore(moreOf(first));
    expect(changes).toEqual([run]);
    expect(await model.children(run)).toHaveLength(401);
    model.showMore(moreOf(await model.children(run)));
    expect((await stepsShown()).at(-1)).toBe(0);
    expect(await stepsShown()).toHaveLength(451);
  });

  test('steps that come while the list is open do not make it longer than its page', async () => {
    open(250);
    await stepsShown();
    source.lastStep = 260;
    model.setRuns([overview({ lastStep: 260, sequence: 270 })]);
    const shown = await stepsShown();

    expect(shown).toHaveLength(201);
    expect(shown[0]).toBe(260);
    expect(shown.at(-1)).toBe('more');
  });

  test('before the seeding is committed there is nothing to ask for', async () => {
    open(-1);

    expect(await stepsShown()).toEqual([]);
    expect(source.stepQueries).toEqual([]);
  });

  test('a run that cannot be read says why in place of its steps', async () => {
    open(0);
    const problem = { code: 'run-foreign', message: 'No run.', remedy: 'Delete it.' };
    model.setRuns([overview({ state: 'unreadable', problem })]);
    expect(await model.children(await onlyRun())).toMatchObject([{ kind: 'problem', problem }]);
    expect(source.stepQueries).toEqual([]);
  });

  test('what the server refuses with takes the place of the steps', async () => {
    source.failure = new Error('disk I/O error');
    const [problem] = await model.children(await onlyRun());

    expect(problem).toMatchObject({ kind: 'problem', problem: { message: 'disk I/O error' } });
  });
});

describe('filter', () => {
  test('goes into every query and hides the groups it does not name', async () => {
    model.setFilter({ roles: ['solver'], modes: ['deduction'], text: 'sort' });
    const [stepShown] = await model.children(await onlyRun());
    const groups = await model.children(stepShown);
    await model.children(groups[0]);

    expect(source.stepQueries[0]?.filter).toEqual(model.filter);
    expect(groups.map((node) => (node.kind === 'group' ? node.group.mode : ''))).toEqual([
      'deduction',
    ]);
    expect(source.itemQueries[0]).toMatchObject({
      step: 2,
      role: 'solver',
      mode: 'deduction',
      offset: 0,
      filter: { text: 'sort' },
    });
  });

  test('a new filter forgets what was loaded', async () => {
    await stepsShown();
    model.setFilter({ text: 'x' });
    await stepsShown();

    expect(changes).toEqual([undefined]);
    expect(source.stepQueries).toHaveLength(2);
  });
});

describe('a search that is under way', () => {
  test('is cancelled by a new filter, whose steps are shown in its place', async () => {
    let deliver: () => void = () => undefined;
    source.delivery = new Promise((resolve) => {
      deliver = resolve;
    });
    model.setFilter({ text: 'x' });
    const shown = stepsShown();
    await vi.waitFor(() => {
      expect(source.signals).toHaveLength(1);
    });
    model.setFilter({ text: 'xy' });
    expect(source.signals[0]?.aborted).toBe(true);
    deliver();

    expect(await shown).toEqual([2, 1, 0]);
    expect(source.signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  });

  test('goes on from where it was, not from the last step that fits', async () => {
    await stepsShown();
    source.lastStep = 3;
    model.setRuns([overview({ lastStep: 3 })]);
    source.steps = (query) => {
      source.stepQueries.push(query);
      return Promise.resolve({ items: [] });
    };
    await stepsShown();
    model.setRuns([overview({ lastStep: 4 })]);
    await stepsShown();

    expect(source.stepQueries.map(({ beyondStep }) => beyondStep)).toEqual([undefined, 2, 3]);
  });
});

describe('finding', () => {
  test('a document beyond the first pages is loaded up to its place', async () => {
    open(450);
    source.items = 500;
    const node = await model.itemNode({
      runId: 'run-1',
      step: 5,
      role: 'proposer',
      mode: 'deduction',
      position: 420,
      rolloutId: 1,
    });

    expect(node?.item).toMatchObject({ kind: 'proposal', id: 421 });
    expect(node?.id).toBe('run:run-1/5/proposer/deduction/proposal-421');
    expect(await stepsShown()).toContain(5);
  });

  test('a run or step that is not there is not found', async () => {
    expect(await model.stepNode('other', 1)).toBeUndefined();
    expect(await model.stepNode('run-1', 99)).toBeUndefined();
  });
});
