/** Answers to the tasks of reasoning-gym: one value however it is written, and nothing for what is not an answer. */
import { describe, expect, test } from 'vitest';

import type { HeldOutTask } from '../../server/protocol/heldOut.ts';
import { answerLiteral } from '../../server/src/suites/reasoningGym/answers.ts';
import {
  type AnswerKind,
  DIFFICULTIES,
  FAMILIES,
  familyOf,
  isItemName,
  itemName,
} from '../../server/src/suites/reasoningGym/families.ts';
import { firstSeed, ITEMS_PER_LEVEL } from '../../server/src/suites/reasoningGym/generateItems.ts';
import { puzzleBase, puzzleChat } from '../../server/src/suites/reasoningGym/puzzleTemplates.ts';

describe.each<[AnswerKind, string, readonly string[]]>([
  ['number', '-1234', ['-1234', '-1,234.00', '**-1234**', '\\boxed{-1234}', 'x = -1234']],
  ['text', "'never was'", ['never was', 'NEVER WAS.', '"Never  was"', '`never was`', 'Never\nwas']],
  ['text', "'true'", ['True', 'true', 'TRUE.', '**True**'.replaceAll('*', '')]],
  [
    'list',
    "'1 2 -3 4'",
    ['1 2 -3 4', '1, 2, -3, 4', '[[1, 2], [-3, 4]]', '1 2\n-3 4', '(1;2;-3;4)'],
  ],
])('%s %s', (kind, literal, spellings) => {
  test.each(spellings)('is written %j', (spelling) => {
    expect(answerLiteral(spelling, kind)).toBe(literal);
  });
});

describe('what is not an answer is none, or another one:', () => {
  test.each<[AnswerKind, string]>([
    ['number', '3 or 4'],
    ['number', '__import__("os")'],
    ['number', ''],
    ['text', ' "" '],
    ['list', '[] , ()'],
  ])('%s %j', (kind, stated) => {
    expect(answerLiteral(stated, kind)).toBeUndefined();
  });

  test.each([
    ['an expression in place of its value', '2 * 2', 'list', "'4'"],
    ['every answer at once', 'true false', 'text', "'true'"],
    ['the elements in another order', '2 1', 'list', "'1 2'"],
    ['an element more', '1 2 3', 'list', "'1 2'"],
    ['words in other capitals where order depends on them', 'a B', 'list', "'A b'"],
  ] as const)('%s', (_, stated, kind, right) => {
    expect(answerLiteral(stated, kind)).not.toBe(right);
  });
});

const taskOf = (itemId: string): HeldOutTask => ({
  ...{ mode: 'deduction', program: '', visible: 0, itemId, message: 'What then?\n' },
  examples: [{ input: '', output: "'hidden'" }],
});
const FENCE = '```';

test('an answer is read where it was asked for, by the kind of its family', () => {
  const matrix = taskOf('rotate_matrix/easy/0');
  const block = `So:\n${FENCE}\n1 2\n3 4\n${FENCE}`;
  expect(puzzleChat.readAnswer(matrix, block)).toBe("'1 2 3 4'");
  expect(puzzleChat.readAnswer(matrix, 'Answer: [[1, 2], [3, 4]]')).toBe("'1 2 3 4'");
  expect(puzzleBase.readAnswer(matrix, ' Turned.\nAnswer:\n1 2\n3 4\n\nQuestion: And?')).toBe(
    "'1 2 3 4'",
  );
  const number = taskOf('gcd/hard/3');
  expect(puzzleChat.readAnswer(number, '<think>Answer: 3</think>\nAnswer: 4.0')).toBe('4');
  expect(puzzleChat.readAnswer(number, 'It is 4.')).toBeUndefined();
  expect(puzzleBase.readAnswer(number, ' So.\nAnswer: 4\n\nQuestion: ?\nAnswer: 5')).toBe('4');
  for (const template of [puzzleChat, puzzleBase]) {
    expect(JSON.stringify(template.ask(number))).toContain('What then?');
    expect(JSON.stringify(template.ask(number))).not.toContain('hidden');
  }
});

test('every item has a name and a seed of its own, and finds its family again', () => {
  const names = new Set<string>();
  const seeds = new Set<number>();
  for (const family of FAMILIES) {
    for (const difficulty of DIFFICULTIES) {
      for (let number = 0; number < ITEMS_PER_LEVEL; number += 1) {
        const name = itemName(family, difficulty, number);
        names.add(name);
        seeds.add(firstSeed(family, difficulty) + number);
        expect(familyOf(name)).toBe(family);
        expect(isItemName(name)).toBe(true);
      }
    }
  }
  const count = FAMILIES.length * DIFFICULTIES.length * ITEMS_PER_LEVEL;
  expect([names.size, seeds.size]).toEqual([count, count]);
  expect(() => familyOf('other/easy/0')).toThrow('not an item');
  for (const name of ['other/easy/0', 'gcd/simple/0', 'gcd/easy', 'gcd/easy/x', 'line 3', '']) {
    expect(isItemName(name)).toBe(false);
  }
});
