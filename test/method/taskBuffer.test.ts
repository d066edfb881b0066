import { describe, expect, test } from 'vitest';

import { RandomStream } from '../../server/src/method/randomStream.ts';
import {
  TaskBuffer,
  type BufferOptions,
  type ReferenceSampling,
} from '../../server/src/method/memory/taskBuffer.ts';
import { sampleTask } from './sampleTasks.ts';

function filled(options: BufferOptions, count: number, seed = 1): TaskBuffer {
  const buffer = new TaskBuffer(options);
  for (let id = 1; id <= count; id += 1) {
    buffer.add(sampleTask(id), new RandomStream(seed, 'buffer', id));
  }
  return buffer;
}

/** Identifiers of everything the buffer holds, ascending. */
function contents(buffer: TaskBuffer): number[] {
  const everything = buffer.sample(buffer.size, 'uniform', new RandomStream(0));
  return everything.map(({ id }) => id).sort((a, b) => a - b);
}

describe('fifo', () => {
  test('reference defect 9, buffer keeps the oldest: a full buffer keeps the newest instead', () => {
    const buffer = filled({ capacity: 5, policy: 'fifo' }, 12);
    expect(contents(buffer)).toEqual([8, 9, 10, 11, 12]);
    expect(buffer.size).toBe(5);
  });

  test('drops nothing until it is full', () => {
    expect(contents(filled({ capacity: 5, policy: 'fifo' }, 5))).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('reservoir', () => {
  test('never holds more than its capacity, nor the same task twice', () => {
    const held = contents(filled({ capacity: 5, policy: 'reservoir' }, 50));
    expect(held).toHaveLength(5);
    expect(new Set(held).size).toBe(5);
  });

  test('every task ever offered is as likely to be in it', () => {
    const [offered, capacity, trials] = [20, 5, 4000];
    const held = Array.from({ length: offered }, () => 0);
    for (let trial = 0; trial < trials; trial += 1) {
      for (const id of contents(filled({ capacity, policy: 'reservoir' }, offered, trial))) {
        held[id - 1]! += 1;
      }
    }
    // Each of 20 is held with probability 1/4; sampling without replacement makes the variance of a
    // count trials · p · (1 − p), and (n − 1)/n · Σ z² is chi-square with 19 degrees of freedom,
    // whose upper 0.01 % point is 50.8.
    const p = capacity / offered;
    const squares = held.map((count) => (count - trials * p) ** 2 / (trials * p * (1 - p)));
    const statistic = (squares.reduce((sum, square) => sum + square, 0) * (offered - 1)) / offered;
    expect(statistic).toBeLessThan(50.8);
  });
});

describe('sampling', () => {
  test.each<ReferenceSampling>(['uniform', 'template-balanced'])(
    '%s never returns a task twice, and all of them at most',
    (sampling) => {
      const buffer = new TaskBuffer({ capacity: 30, policy: 'fifo' });
      for (let id = 1; id <= 30; id += 1) {
        buffer.add(sampleTask(id, { template: `t${id % 3}` }), new RandomStream(1, id));
      }
      for (let count = 0; count <= 35; count += 1) {
        const ids = buffer.sample(count, sampling, new RandomStream(2, count)).map(({ id }) => id);
        expect(ids).toHaveLength(Math.min(count, 30));
        expect(new Set(ids).size).toBe(ids.length);
      }
    },
  );

  test('uniform takes every task alike', () => {
    const buffer = filled({ capacity: 10, policy: 'fifo' }, 10);
    const counts = Array.from({ length: 10 }, () => 0);
    for (let draw = 0; draw < 4000; draw += 1) {
      for (const { id } of buffer.sample(3, 'uniform', new RandomStream(3, draw))) {
        counts[id - 1]! += 1;
      }
    }
    // 12,000 places over 10 tasks: 1200 each, standard deviation √(4000 · 0.3 · 0.7) = 29.
    expect(Math.min(...counts)).toBeGreaterThan(1200 - 4.5 * 29);
    expect(Math.max(...counts)).toBeLessThan(1200 + 4.5 * 29);
  });

  describe('where one template is in fashion', () => {
    /** 90 tasks of one template, one each of two others. */
    function fashionable(): TaskBuffer {
      const buffer = new TaskBuffer({ capacity: 92, policy: 'fifo' });
      for (let id = 1; id <= 92; id += 1) {
        const template = id <= 90 ? 'fashion' : `rare ${id}`;
        buffer.add(sampleTask(id, { template }), new RandomStream(1, id));
      }
      return buffer;
    }

    function shareOfFashion(sampling: ReferenceSampling): number {
      const buffer = fashionable();
      const drawn = Array.from({ length: 3000 }, (_, draw) =>
        buffer.sample(1, sampling, new RandomStream(4, draw)),
      ).flat();
      return drawn.filter(({ template }) => template === 'fashion').length / drawn.length;
    }

    test('uniform sampling shows it 90 times of 92', () => {
      expect(Math.abs(shareOfFashion('uniform') - 90 / 92)).toBeLessThan(0.015);
    });

    test('template-balanced sampling shows it once in three', () => {
      // Standard deviation of the share √(2/9 / 3000) = 0.0086.
      expect(Math.abs(shareOfFashion('template-balanced') - 1 / 3)).toBeLessThan(0.04);
    });

    test('three references show all three templates, and its tasks take turns', () => {
      const buffer = fashionable();
      const shown = new Set<number>();
      for (let draw = 0; draw < 500; draw += 1) {
        const references = buffer.sample(3, 'template-balanced', new RandomStream(5, draw));
        expect(new Set(references.map(({ template }) => template)).size).toBe(3);
        references.forEach(({ id }) => shown.add(id));
      }
      expect(shown.size).toBeGreaterThan(80);
    });
  });

  test('a template whose last task left is gone', () => {
    const buffer = new TaskBuffer({ capacity: 2, policy: 'fifo' });
    for (const [index, template] of ['old', 'new', 'new'].entries()) {
      buffer.add(sampleTask(index + 1, { template }), new RandomStream(1, index));
    }
    expect(buffer.templates).toBe(1);
    const drawn = buffer.sample(1, 'template-balanced', new RandomStream(1));
    expect(drawn.map(({ template }) => template)).toEqual(['new']);
  });
});
