import { expect, test } from 'vitest';

import type { SkillTable } from '../../server/protocol/queries.ts';
import { changeText, gainSentence, skillRows } from '../../webview/src/dashboard/skillRows.ts';

const cell = (tasks: number, solved: number) => ({ tasks, solved });

const TABLE: SkillTable = {
  columns: [0, 20, 40].map((step) => ({ firstStep: step, lastStep: step })),
  rows: [
    { construct: 'operator:add', cells: [cell(40, 30), cell(40, 31), cell(40, 28)] },
    { construct: 'slice:reversed', cells: [cell(24, 2), cell(24, 9), cell(24, 17)] },
    { construct: 'call:sorted', cells: [cell(10, 5), null, cell(10, 6)] },
    // Three tasks are too few, and a first rate is missing.
    { construct: 'method:count', cells: [cell(3, 0), cell(3, 3), cell(3, 3)] },
    { construct: 'index:key', cells: [null, cell(9, 1), cell(9, 9)] },
  ],
  rowsLeft: 0,
};

test('rows come by tasks as they were sent, or by gain with those last that have none', () => {
  expect(skillRows(TABLE, 'tasks').map(({ construct }) => construct)).toEqual(
    TABLE.rows.map(({ construct }) => construct),
  );
  expect(skillRows(TABLE, 'gain').map((row) => [row.text, changeText(row), row.tasks])).toEqual([
    ['reversing with [::-1]', '8 % → 71 %', 72],
    ['sorted()', '50 % → 60 %', 20],
    ['adding with +', '75 % → 70 %', 120],
    ['.count()', '–', 9],
    ["looking up a key with ['k']", '–', 18],
  ]);
});

test('the sentence names what rose most, and nothing where nothing rose', () => {
  expect(gainSentence(skillRows(TABLE, 'tasks'))).toBe(
    'Largest rise: reversing with [::-1], 8 % → 71 %.',
  );
  // From 5 to 6 of 10, and from 30 to 31 of 40, comes by chance.
  const unclear = {
    ...TABLE,
    rows: TABLE.rows.filter(({ construct }) => construct !== 'slice:reversed'),
  };
  expect(gainSentence(skillRows(unclear, 'gain'))).toBeUndefined();
  const falling = { ...TABLE, rows: TABLE.rows.slice(0, 1) };
  expect(gainSentence(skillRows(falling, 'tasks'))).toBeUndefined();
  expect(gainSentence([])).toBeUndefined();
});
