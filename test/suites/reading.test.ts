/** Where the answer of a completion stands, template by template. */
import { describe, expect, test } from 'vitest';

import type { HeldOutTask } from '../../server/protocol/heldOut.ts';
import { callIn, withCall } from '../../server/src/suites/reading/callAdapter.ts';
import {
  completionBase,
  completionChat,
} from '../../server/src/suites/templates/completionTemplates.ts';
import { functionBase, functionChat } from '../../server/src/suites/templates/functionTemplates.ts';
import { programBase, programChat } from '../../server/src/suites/templates/programTemplates.ts';
import { questionBase, questionChat } from '../../server/src/suites/templates/questionTemplates.ts';

const FENCE = '```';
const examples = [{ input: '[1, 2]', output: "'secret'" }];
const output: HeldOutTask = {
  ...{ mode: 'deduction', program: 'def f(a):\n    return a', examples, visible: 0 },
};
const input: HeldOutTask = { ...output, mode: 'abduction' };
const question: HeldOutTask = {
  ...{ mode: 'deduction', program: '', visible: 0, message: 'How many eggs?' },
  examples: [{ input: '', output: '18' }],
};

describe('an answer about a program is', () => {
  test.each([
    [
      'the last block',
      `I think.\n${FENCE}python\n1\n${FENCE}\nNo:\n${FENCE}\n[1]\n${FENCE}\n`,
      '[1]',
    ],
    ['what follows the phrase', 'It doubles.\nAnswer: [1, 2]', '[1, 2]'],
    ['what follows the phrase in bold', '**Answer:** [1]', '[1]'],
    ['what follows the phrase in bold marks', '**Answer: [1]**', '[1]'],
    ['what follows the phrase as code', 'Answer: `[1]`', '[1]'],
    ['said after the thought', `<think>\nAnswer: 1\n</think>\nAnswer: 2`, '2'],
    ['nowhere in an open thought', '<think>\nAnswer: 1', undefined],
    ['nowhere without block and phrase', 'The result is 3.', undefined],
    ['nowhere in a block that is not closed', `${FENCE}\n[1]`, undefined],
    ['nowhere in nothing', '', undefined],
  ])('%s', (_, completion, answer) => {
    expect(programChat.readAnswer(output, completion)).toBe(answer);
  });

  test.each([
    ['f([1, 2], 3)', '[1, 2], 3'],
    ['[1, 2], 3', '[1, 2], 3'],
    ['f()', ''],
    ["'f(x)'", "'f(x)'"],
  ])('for an input %s', (stated, answer) => {
    expect(programChat.readAnswer(input, `Answer: ${stated}`)).toBe(answer);
  });

  test('of a base model the rest of the line', () => {
    expect(programBase.readAnswer(output, " 'a'\n\ndef f(b):")).toBe("'a'");
    expect(programBase.readAnswer(input, '[1, (2,)], 3)\n\ndef g(')).toBe('[1, (2,)], 3');
    expect(programBase.readAnswer(input, '[1')).toBeUndefined();
  });
});

test('no prompt holds what has to be found', () => {
  const asked = (prompt: unknown) => JSON.stringify(prompt);
  for (const template of [programChat, programBase]) {
    expect(asked(template.ask(output))).not.toContain('secret');
    expect(asked(template.ask(input))).toContain('secret');
    expect(asked(template.ask(input))).not.toContain('f([1, 2])');
  }
  for (const template of [questionChat, questionBase]) {
    expect(asked(template.ask(question))).toContain('How many eggs?');
    expect(asked(template.ask(question))).not.toContain('18');
  }
});

describe('a number is read', () => {
  test.each([
    ['after the phrase', 'So 9 + 9.\nAnswer: $18.00', '18'],
    ['after the last phrase', 'Answer: 17\nNo.\nAnswer: 18', '18'],
    ['from the last block', `${FENCE}\n18\n${FENCE}`, '18'],
    ['not from text', 'It is 18.', undefined],
    ['not where there are two', 'Answer: 18 or 19', undefined],
  ])('%s', (_, completion, answer) => {
    expect(questionChat.readAnswer(question, completion)).toBe(answer);
  });

  test('of a base model, before it asks a question of its own', () => {
    const completion = ' 9 + 9.\nAnswer: 18\n\nQuestion: And?\nSolution: No.\nAnswer: 3';
    expect(questionBase.readAnswer(question, completion)).toBe('18');
    expect(questionBase.readAnswer(question, ' 9\nQuestion: ?\nAnswer: 3')).toBeUndefined();
  });
});

const PROMPT = `import math

def helper(x):
    return x

def twice(x):
    """Doubles."""
`;
const CALL = { entry: 'twice', adaptation: 'plain' } as const;
const completed: HeldOutTask = {
  ...{ mode: 'induction', visible: 0, examples, message: PROMPT },
  program: withCall(`${PROMPT}    return x * 2`, CALL),
};

describe('a function', () => {
  test('in a block stands after the imports and helpers of its prompt', () => {
    const block = 'def twice(x):\n    return helper(x) + x';
    expect(completionChat.readAnswer(completed, `${FENCE}python\n${block}\n${FENCE}`)).toBe(
      withCall(`import math\n\ndef helper(x):\n    return x\n\n\n${block}`, CALL),
    );
  });

  test('of which the block has only the rest goes on after its prompt', () => {
    const completion = `${FENCE}python\n    return x + x\n${FENCE}`;
    expect(completionChat.readAnswer(completed, completion)).toBe(
      withCall(`${PROMPT}\n    return x + x`, CALL),
    );
  });

  test.each([
    ['the next function', '    return x\n\ndef other():\n    pass', '    return x'],
    ['a test', '    y = x\n\n    return y\nassert twice(1) == 2', '    y = x\n\n    return y'],
    ['a comment', '    return x\n# Test', '    return x'],
    ['a fence', `    return x\n${FENCE}\nDone`, '    return x'],
    ['nothing', '    return x', '    return x'],
  ])('of a base model ends at %s', (_, completion, rest) => {
    expect(completionBase.readAnswer(completed, completion)).toBe(withCall(PROMPT + rest, CALL));
  });

  test('of a base model after a docstring ends where the next begins', () => {
    const code = 'import math\ndef twice(x):\n    """Doubles."""\n    return x * 2';
    for (const next of ['"""\nWrite', 'assert twice(1) == 2', FENCE, 'print(twice(1))']) {
      expect(functionBase.readAnswer(completed, `${code}\n\n${next}`)).toBe(withCall(code, CALL));
    }
    expect(functionBase.readAnswer(completed, '\n"""')).toBeUndefined();
    expect(functionChat.readAnswer(completed, 'I cannot.')).toBeUndefined();
  });

  test.each(['plain', 'set', 'found'] as const)('is called, %s, as its task says', (adaptation) => {
    const call = { entry: 'g_1', adaptation };
    expect(callIn(withCall('def g_1(): pass', call))).toEqual(call);
    // What an answer says of itself does not count: the call is read from the task.
    expect(callIn(withCall('# Calls other, set\ndef g_1(): pass', call))).toEqual(call);
  });
});
