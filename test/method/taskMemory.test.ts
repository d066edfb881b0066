import { describe, expect, test } from 'vitest';

import type { TaskRecord } from '../../server/protocol/records.ts';
import type { ValidProposal } from '../../server/protocol/sandbox.ts';
import { MODES } from '../../server/protocol/vocabulary.ts';
import { RandomStream } from '../../server/src/method/randomStream.ts';
import { TaskMemory } from '../../server/src/method/memory/taskMemory.ts';
import { sampleTask, toySettings } from './sampleTasks.ts';

function proposalLike(task: TaskRecord, changes: Partial<ValidProposal> = {}): ValidProposal {
  const { structure, template, constructs, syntaxNodes, examples } = task;
  const found = { structure, template, constructs, syntaxNodes, examples };
  return { valid: true, executions: [], ...found, ...changes };
}

/** 300 tasks of all modes, a third of them solved always or never. */
function manyTasks(): TaskRecord[] {
  return Array.from({ length: 300 }, (_, index) =>
    sampleTask(index + 1, {
      mode: MODES[index % 3]!,
      template: `template ${index % 7}`,
      ...(index < 30 ? {} : { solveRate: [0, 0.25, 0.5, 0.75, 1, 0.5][index % 6]! }),
    }),
  );
}

/** What the loop can see of a memory: sizes and which tasks a hundred draws show, in order. */
function observed(memory: TaskMemory): unknown {
  return MODES.map((mode) => {
    const buffer = memory.buffer(mode);
    const draws = Array.from({ length: 100 }, (_, draw) => [
      ...buffer.sample(3, 'uniform', new RandomStream(1, draw)),
      ...buffer.sample(3, 'template-balanced', new RandomStream(2, draw)),
    ]);
    return [buffer.size, buffer.templates, draws.map((tasks) => tasks.map(({ id }) => id))];
  });
}

describe('a memory rebuilt from the stored tasks', () => {
  test.each(['fifo', 'reservoir'] as const)(
    'equals the live one (%s), which saw reservations and draws in between',
    (bufferPolicy) => {
      const settings = toySettings({ bufferPolicy, bufferCapacity: 16, seed: 11 });
      const live = new TaskMemory(settings, new Set());
      const rebuilt = new TaskMemory(settings, new Set());
      const tasks = manyTasks();
      for (const task of tasks) {
        live.reserve(task.mode, proposalLike(task));
        live.buffer(task.mode).sample(2, 'template-balanced', new RandomStream(9, task.id));
        live.remember(task);
      }
      for (const task of tasks) {
        rebuilt.remember(task);
      }
      expect(observed(rebuilt)).toEqual(observed(live));
      for (const task of tasks) {
        expect(rebuilt.isKnown(task.mode, proposalLike(task))).toBe(
          live.isKnown(task.mode, proposalLike(task)),
        );
      }
    },
  );

  test('the seed of the run decides what stays in a reservoir', () => {
    const contents = [1, 2].map((seed) => {
      const memory = new TaskMemory(toySettings({ bufferCapacity: 16, seed }), new Set());
      manyTasks().forEach((task) => {
        memory.remember(task);
      });
      return observed(memory);
    });
    expect(contents[0]).not.toEqual(contents[1]);
  });
});

describe('the learnability gate', () => {
  test('keeps what is solved never or always out of the buffers, but lets seeds in', () => {
    const memory = new TaskMemory(toySettings({ learnabilityGate: true }), new Set());
    const rates = [undefined, 0, 0.125, 0.875, 1];
    rates.forEach((solveRate, index) => {
      memory.remember(sampleTask(index + 1, solveRate === undefined ? {} : { solveRate }));
    });
    const held = memory.buffer('deduction').sample(5, 'uniform', new RandomStream(1));
    expect(held.map(({ id }) => id).sort()).toEqual([1, 3, 4]);
  });

  test('is off in the paper: every valid task enters', () => {
    const memory = new TaskMemory(toySettings({ preset: 'paper' }), new Set());
    [0, 0.5, 1].forEach((solveRate, index) => {
      memory.remember(sampleTask(index + 1, { solveRate }));
    });
    expect(memory.buffer('deduction').size).toBe(3);
  });
});

describe('deduplication', () => {
  const task = sampleTask(1);

  test('knows a task of the same mode, structure and inputs, whatever its text', () => {
    const memory = new TaskMemory(toySettings(), new Set());
    memory.remember(task);
    expect(memory.isKnown('deduction', proposalLike(task))).toBe(true);
    expect(memory.isKnown('abduction', proposalLike(task))).toBe(false);
    const otherInput = { examples: [{ input: '2', output: '3' }] };
    expect(memory.isKnown('deduction', proposalLike(task, otherInput))).toBe(false);
    expect(memory.isKnown('deduction', proposalLike(task, { structure: 'other' }))).toBe(false);
  });

  test('remembers tasks that the gate or the capacity kept out of the buffer', () => {
    const memory = new TaskMemory(
      toySettings({ bufferPolicy: 'fifo', bufferCapacity: 3 }),
      new Set(),
    );
    memory.remember({ ...task, solveRate: 1 });
    for (let id = 2; id < 10; id += 1) {
      memory.remember(sampleTask(id));
    }
    expect(memory.isKnown('deduction', proposalLike(task))).toBe(true);
    expect(memory.isKnown('deduction', proposalLike(sampleTask(2)))).toBe(true);
  });

  test('counts a reservation of the step under way', () => {
    const memory = new TaskMemory(toySettings(), new Set());
    memory.reserve('deduction', proposalLike(task));
    expect(memory.isKnown('deduction', proposalLike(task))).toBe(true);
    expect(memory.buffer('deduction').size).toBe(0);
  });

  test('is off in the paper', () => {
    const memory = new TaskMemory(toySettings({ preset: 'paper' }), new Set());
    memory.remember(task);
    expect(memory.isKnown('deduction', proposalLike(task))).toBe(false);
  });
});

test('programs and templates are counted once each, whatever tasks they are in', () => {
  const memory = new TaskMemory(toySettings(), new Set());
  const task = sampleTask(1);
  const otherInput = { ...task, id: 2, examples: [{ input: '5', output: '6' }] };
  const otherConstant = { ...sampleTask(3), template: task.template };
  for (const one of [
    task,
    otherInput,
    otherConstant,
    { ...task, id: 4, mode: 'abduction' as const },
  ]) {
    memory.remember(one);
  }
  expect([memory.programs, memory.templates]).toEqual([2, 1]);
});

test('a held-out program is recognised by its structure, with any input', () => {
  const memory = new TaskMemory(toySettings(), new Set(['structure 1']));
  const other = { examples: [{ input: '99', output: '100' }] };
  expect(memory.isHeldOut(proposalLike(sampleTask(1), other))).toBe(true);
  expect(memory.isHeldOut(proposalLike(sampleTask(2)))).toBe(false);
});

describe('tasks that nobody has solved', () => {
  const settings = toySettings({ solveRateMemory: 0.5 });
  const task = sampleTask(1, { solveRate: 0 });
  const attempt = (memory: TaskMemory, solveRate: number, one: TaskRecord = task) => {
    const estimate = memory.estimateAfter({ task: one, solveRate });
    memory.rememberAttempt(one, { step: 2, taskId: one.id, solveRate, estimate });
    return estimate;
  };

  test('are no duplicates when they are proposed again, but one of a step is enough', () => {
    const memory = new TaskMemory(settings, new Set());
    memory.remember(task);
    expect(memory.unsolved('deduction').all()).toEqual([task]);
    expect(memory.isKnown('deduction', proposalLike(task))).toBe(false);
    memory.reserve('deduction', proposalLike(task));
    expect(memory.isKnown('deduction', proposalLike(task))).toBe(true);
    // Unsolved once more, it is one task that was tried twice.
    memory.remember({ ...task, id: 2 });
    expect(memory.unsolved('deduction').all()).toEqual([task]);
    expect(memory.isKnown('deduction', proposalLike(task))).toBe(false);
  });

  test('are known and learned from as soon as one attempt is right, whoever asked for it', () => {
    const again = new TaskMemory(settings, new Set());
    again.remember(task);
    again.remember({ ...task, id: 2, solveRate: 0.25 });
    expect(again.buffer('deduction').all()).toEqual([{ ...task, id: 2, solveRate: 0.25 }]);

    const retried = new TaskMemory(settings, new Set());
    retried.remember(task);
    expect(attempt(retried, 0)).toBe(0);
    expect(retried.buffer('deduction').size).toBe(0);
    expect(attempt(retried, 0.5)).toBe(0.25);
    expect(retried.buffer('deduction').all()).toEqual([task]);
    for (const memory of [again, retried]) {
      expect(memory.unsolved('deduction').size).toBe(0);
      expect(memory.isKnown('deduction', proposalLike(task))).toBe(true);
      // Nor do they become unsolved again.
      memory.remember({ ...task, id: 3 });
      expect(memory.unsolved('deduction').size).toBe(0);
    }
  });

  test('where the gate is off they are in the buffer once', () => {
    const memory = new TaskMemory(toySettings({ learnabilityGate: false }), new Set());
    memory.remember(task);
    attempt(memory, 0.5);
    expect(memory.buffer('deduction').size).toBe(1);
  });

  test('are tried again less often the more often they were tried', () => {
    const memory = new TaskMemory(settings, new Set());
    const other = sampleTask(2, { solveRate: 0 });
    memory.remember(task);
    memory.remember(other);
    for (let time = 0; time < 3; time += 1) attempt(memory, 0);
    // Weights 1/4 and 1.
    const draws = Array.from({ length: 1000 }, (_, draw) =>
      memory.unsolved('deduction').sample(1, new RandomStream(1, draw)),
    );
    const share = draws.filter(([drawn]) => drawn?.id === 1).length / draws.length;
    expect(Math.abs(share - 0.2)).toBeLessThan(0.04);
  });

  test('are forgotten oldest first', () => {
    const memory = new TaskMemory(toySettings({ bufferCapacity: 3 }), new Set());
    for (let id = 1; id <= 5; id += 1) memory.remember(sampleTask(id, { solveRate: 0 }));
    expect(
      memory
        .unsolved('deduction')
        .all()
        .map(({ id }) => id),
    ).toEqual([3, 4, 5]);
    // What is not tried again any more is a duplicate like any other.
    expect(memory.isKnown('deduction', proposalLike(sampleTask(1)))).toBe(true);
  });
});

describe('replay', () => {
  test('draws by p(1 − p) of the present estimate, plus a floor', () => {
    const settings = toySettings({ replayFloor: 0.05, solveRateMemory: 0.5 });
    const memory = new TaskMemory(settings, new Set());
    const even = sampleTask(1, { solveRate: 0.5 });
    const easy = sampleTask(2, { solveRate: 0.75 });
    const seed = sampleTask(3);
    for (const task of [even, easy, seed]) memory.remember(task);
    // 0.5 · 0.75 + 0.5 · 1
    const estimate = memory.estimateAfter({ task: easy, solveRate: 1 });
    expect(estimate).toBe(0.875);
    memory.rememberAttempt(easy, { step: 2, taskId: 2, solveRate: 1, estimate });
    expect(memory.estimateOf(easy)).toBe(0.875);
    const weights = [0.25 + 0.05, 0.875 * 0.125 + 0.05, 0.25 + 0.05];
    const counts = [0, 0, 0];
    for (let draw = 0; draw < 3000; draw += 1) {
      const [task] = memory.sampleForReplay('deduction', 1, new RandomStream(5, draw));
      counts[task!.id - 1]! += 1;
    }
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (const [index, weight] of weights.entries()) {
      expect(Math.abs(counts[index]! / 3000 - weight / total)).toBeLessThan(0.03);
    }
    const all = memory.sampleForReplay('deduction', 9, new RandomStream(5, 'all'));
    expect(new Set(all).size).toBe(3);
  });
});
