import { describe, expect, test } from 'vitest';

import { compactDialect } from '../../server/src/method/dialects/compactDialect.ts';
import type { Dialect, Prompt } from '../../server/src/method/dialects/dialect.ts';
import { dialectFor } from '../../server/src/method/dialects/dialectFor.ts';
import { fencedBlocks } from '../../server/src/method/dialects/fencedBlocks.ts';
import { instructionDialect } from '../../server/src/method/dialects/instructionDialect.ts';
import { toySettings } from './sampleTasks.ts';

const RULES = { bannedWords: ['random', 'time'], allowedImports: ['math', 're'] };
const chat = instructionDialect({ name: 'chat', ...RULES });
const turns = instructionDialect({ name: 'turns', ...RULES });
const r1 = instructionDialect({ name: 'r1', ...RULES });

const DOUBLE = 'def f(a):\n    return a * 2';
const JOIN = 'def f(a, b):\n    return a + b';
const REFERENCES = [
  { program: DOUBLE, input: '3', output: '6' },
  { program: JOIN, input: "'x', b='y'", output: "'xy'" },
];
const VISIBLE = [
  { input: '1', output: '2' },
  { input: '5', output: '10' },
];

/** The one user message of a chat prompt. */
function messageOf(prompt: Prompt): string {
  if (prompt.kind !== 'chat' || prompt.messages.length !== 1) {
    throw new Error('Not a chat prompt of one message.');
  }
  expect(prompt.messages[0]?.role).toBe('user');
  return prompt.messages[0]?.content ?? '';
}

function textOf(prompt: Prompt): string {
  if (prompt.kind !== 'text') {
    throw new Error('Not a text prompt.');
  }
  return prompt.text;
}

function block(label: string, content: string): string {
  return `\`\`\`${label}\n${content}\n\`\`\`\n`;
}

/** A completion of the r1 template: the prompt has opened the thinking already. */
function answered(content: string): string {
  return `Let me see.</think>\n<answer>${content}</answer>`;
}

test('every dialect starts from the zero triplet of the paper', () => {
  for (const dialect of [compactDialect, chat, turns, r1]) {
    expect(dialect.zeroTriplet).toEqual({
      program: 'def f(a):\n    return a',
      input: "'Hello world'",
      output: "'Hello world'",
    });
  }
});

/** The fenced blocks of a text, with what stands in them. */
function blocksOf(text: string): { label: string; content: string }[] {
  const blocks = fencedBlocks(text, { start: 0, end: text.length });
  return blocks.map(({ label, content }) => ({
    label,
    content: content.text,
  }));
}

describe('compact prompts', () => {
  test('a proposer sees the mode, then one reference after another', () => {
    expect(textOf(compactDialect.proposeTask('deduction', REFERENCES))).toBe(
      '[propose deduction]\n' +
        'def f(a):\n    return a * 2\n# 3\n-> 6\n\n' +
        "def f(a, b):\n    return a + b\n# 'x', b='y'\n-> 'xy'\n\n",
    );
    expect(textOf(compactDialect.proposeTask('abduction', []))).toBe('[propose abduction]\n');
  });

  test('an induction proposer sees one program and how many inputs are wanted', () => {
    expect(textOf(compactDialect.proposeInduction(DOUBLE, 6))).toBe(
      '[propose induction]\ndef f(a):\n    return a * 2\n6 inputs\n',
    );
  });

  test('solvers', () => {
    expect(textOf(compactDialect.solve({ mode: 'deduction', program: DOUBLE, input: '3' }))).toBe(
      '[solve deduction]\ndef f(a):\n    return a * 2\n# 3\n-> ',
    );
    expect(textOf(compactDialect.solve({ mode: 'abduction', program: DOUBLE, output: '6' }))).toBe(
      '[solve abduction]\ndef f(a):\n    return a * 2\n-> 6\n# ',
    );
    expect(
      textOf(compactDialect.solve({ mode: 'induction', message: 'twice', visible: VISIBLE })),
    ).toBe('[solve induction]\ntwice\n# 1\n-> 2\n# 5\n-> 10\n');
  });
});

describe('compact reader', () => {
  test('a proposal is a program and, after the last "# " line, its input', () => {
    expect(compactDialect.readProposal(`${DOUBLE}\n# 3`)).toEqual({ program: DOUBLE, input: '3' });
    expect(compactDialect.readProposal(`${DOUBLE}\n# a comment\n# 3\n`)).toEqual({
      program: `${DOUBLE}\n# a comment`,
      input: '3',
    });
  });

  test.each([
    ['nothing', ''],
    ['no input line', DOUBLE],
    ['no program', '\n# 3'],
    ['an empty input', `${DOUBLE}\n# `],
    ['text after the input', `${DOUBLE}\n# 3\nand more`],
    ['an input line without its space', `${DOUBLE}\n#3`],
  ])('%s is no proposal', (_what, completion) => {
    expect(compactDialect.readProposal(completion)).toBeUndefined();
  });

  test('an induction proposal is "# " lines and a message', () => {
    expect(compactDialect.readInductionProposal('# 1\n# 2, 3\ntwice the number\n')).toEqual({
      inputs: ['1', '2, 3'],
      message: 'twice the number',
    });
  });

  test.each([
    ['nothing', ''],
    ['only a message', 'twice'],
    ['only inputs', '# 1\n# 2'],
    ['a line between that is no input', '# 1\nhm\n# 2\ntwice'],
    ['blank lines', '\n\n\n'],
  ])('%s is no induction proposal', (_what, completion) => {
    expect(compactDialect.readInductionProposal(completion)).toBeUndefined();
  });

  test('an answer is the whole completion, and a blank one none', () => {
    expect(compactDialect.readAnswer('deduction', ' [1, 2]\n')).toBe('[1, 2]');
    expect(compactDialect.readAnswer('induction', DOUBLE)).toBe(DOUBLE);
    expect(compactDialect.readAnswer('abduction', ' \n\t')).toBeUndefined();
  });
});

const PROPOSAL_TEXT = `Write a new Python function and one input for it, such that predicting the output from the program and the input takes careful reasoning.
Rules:
- The function is called \`f\`, takes at least one argument and returns a value.
- It is deterministic, finishes quickly, and does no input or output.
- It may import only: math, re.
- Do not use these words: random, time.
- The input is a list of Python literals as in a call, for example: [1, 2], key='x'
- Returned values are built from numbers, strings, lists, tuples, dicts and sets.
Give the function in one \`\`\`python block and the input in one \`\`\`input block.
Be different from these earlier tasks:
Task 1:
\`\`\`python
def f(a):
    return a * 2
\`\`\`
\`\`\`input
3
\`\`\`
\`\`\`output
6
\`\`\`
Task 2:
\`\`\`python
def f(a, b):
    return a + b
\`\`\`
\`\`\`input
'x', b='y'
\`\`\`
\`\`\`output
'xy'
\`\`\``;

const DEDUCTION_TEXT = `What does this function return for this input?
\`\`\`python
def f(a):
    return a * 2
\`\`\`
\`\`\`input
3
\`\`\`
Give the returned value as a Python literal in one \`\`\`output block.`;

const R1_PREAMBLE =
  'The user asks, the assistant first reasons in <think> </think> and then answers in <answer> </answer>.';

describe('chat and r1 prompts', () => {
  test('a deduction proposal, word for word', () => {
    expect(messageOf(chat.proposeTask('deduction', REFERENCES))).toBe(PROPOSAL_TEXT);
  });

  test('an abduction proposal differs only in what makes it hard', () => {
    expect(messageOf(chat.proposeTask('abduction', REFERENCES))).toBe(
      PROPOSAL_TEXT.replace(
        'predicting the output from the program and the input takes',
        'finding an input that gives the output takes',
      ),
    );
  });

  test('without references and banned words their lines are left out', () => {
    const plain = instructionDialect({ ...RULES, name: 'chat', bannedWords: [] });
    const message = messageOf(plain.proposeTask('deduction', []));
    expect(message).toBe(
      PROPOSAL_TEXT.replace('- Do not use these words: random, time.\n', '').replace(
        /\nBe different[^]*$/,
        '',
      ),
    );
  });

  test('a deduction question, word for word', () => {
    const question = { mode: 'deduction', program: DOUBLE, input: '3' } as const;
    expect(messageOf(chat.solve(question))).toBe(DEDUCTION_TEXT);
  });

  test('an abduction question gives the output and not the input', () => {
    const message = messageOf(chat.solve({ mode: 'abduction', program: DOUBLE, output: '6' }));
    expect(blocksOf(message)).toEqual([
      { label: 'python', content: DOUBLE },
      { label: 'output', content: '6' },
    ]);
    expect(message).toContain('in one ```input block');
  });

  test('an induction question gives the visible pairs and the message, and no program', () => {
    const message = messageOf(
      chat.solve({ mode: 'induction', message: 'twice', visible: VISIBLE }),
    );
    expect(blocksOf(message)).toEqual([
      { label: 'input', content: '1' },
      { label: 'output', content: '2' },
      { label: 'input', content: '5' },
      { label: 'output', content: '10' },
    ]);
    expect(message).toContain('Hint: twice');
  });

  test('an induction proposal asks for N inputs and one message', () => {
    const message = messageOf(chat.proposeInduction(DOUBLE, 10));
    expect(blocksOf(message)).toEqual([{ label: 'python', content: DOUBLE }]);
    expect(message).toContain('Write 10 different inputs');
    expect(message).toContain('in one ```message block');
  });

  test('r1 wraps the same words in the think-and-answer template and opens the thinking', () => {
    expect(textOf(r1.solve({ mode: 'deduction', program: DOUBLE, input: '3' }))).toBe(
      `${R1_PREAMBLE}\nUser: ${DEDUCTION_TEXT}\nAssistant: <think>`,
    );
    expect(textOf(r1.proposeTask('deduction', REFERENCES))).toBe(
      `${R1_PREAMBLE}\nUser: ${PROPOSAL_TEXT}\nAssistant: <think>`,
    );
  });
});

describe('turns', () => {
  /** Who speaks, and the blocks of what is said. */
  function exchangesOf(prompt: Prompt): [string, ReturnType<typeof blocksOf>][] {
    if (prompt.kind !== 'chat') throw new Error('Not a chat prompt.');
    return prompt.messages.map(({ role, content }) => [role, blocksOf(content)]);
  }

  test('references are finished exchanges, in the form that the reader reads', () => {
    const prompt = turns.proposeTask('deduction', [...REFERENCES, REFERENCES[0]!]);
    expect(exchangesOf(prompt)).toEqual(
      [...REFERENCES, REFERENCES[0]!]
        .flatMap(({ program, input }) => [
          ['user', []],
          [
            'assistant',
            [
              { label: 'python', content: program },
              { label: 'input', content: input },
            ],
          ],
        ])
        .concat([['user', []]]),
    );
    const answers =
      prompt.kind === 'chat' ? prompt.messages.filter(({ role }) => role === 'assistant') : [];
    expect(answers.map(({ content }) => turns.readProposal(content))).toEqual(
      [...REFERENCES, REFERENCES[0]!].map(({ program, input }) => ({ program, input })),
    );
  });

  test('with few references the identity stands before them, with as many inputs as are missing', () => {
    const programs = (count: number) =>
      exchangesOf(turns.proposeTask('abduction', REFERENCES.slice(0, count)))
        .filter(([role]) => role === 'assistant')
        .map(([, [program, input]]) => [program?.content, input?.content]);
    const { program } = turns.zeroTriplet;
    const identity = ["'Hello world'", '[1, 2, 3]', '7'].map((input) => [program, input]);
    expect(programs(0)).toEqual(identity);
    expect(programs(1)).toEqual([...identity.slice(0, 2), [DOUBLE, '3']]);
  });

  test.each([
    [{ mode: 'deduction', program: DOUBLE, input: '3' }, "'Hello world'"],
    [{ mode: 'abduction', program: DOUBLE, output: '6' }, "'Hello world'"],
    [{ mode: 'induction', message: 'twice', visible: VISIBLE }, 'def f(a):\n    return a'],
  ] as const)('a solver is shown the zero triplet solved, then asked: %j', (question, answer) => {
    const prompt = turns.solve(question);
    if (prompt.kind !== 'chat') throw new Error('Not a chat prompt.');
    expect(prompt.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(turns.readAnswer(question.mode, prompt.messages[1]!.content)).toBe(answer);
    expect(prompt.messages[2]!.content).toBe(messageOf(chat.solve(question)));
  });

  test('an induction proposer is shown inputs and a message for the identity', () => {
    const prompt = turns.proposeInduction(DOUBLE, 10);
    if (prompt.kind !== 'chat') throw new Error('Not a chat prompt.');
    expect(turns.readInductionProposal(prompt.messages[1]!.content)?.inputs).toHaveLength(4);
    expect(prompt.messages[2]!.content).toBe(messageOf(chat.proposeInduction(DOUBLE, 10)));
  });
});

describe.each<[string, Dialect, (content: string) => string]>([
  ['chat', chat, (content) => content],
  ['turns', turns, (content) => content],
  ['r1', r1, answered],
])('%s reader', (_name, dialect, wrapped) => {
  test('a proposal is the first python block and the first input block', () => {
    const completion = wrapped(
      `Here:\n${block('python', DOUBLE)}and\n${block('input', ' 3 ')}${block('python', JOIN)}`,
    );
    expect(dialect.readProposal(completion)).toEqual({ program: DOUBLE, input: '3' });
  });

  test.each([
    ['no block', 'def f(a): return a'],
    ['no input', block('python', DOUBLE)],
    ['no program', block('input', '3')],
    ['a blank program', block('python', ' ') + block('input', '3')],
    ['a block that is never closed', `${block('python', DOUBLE)}\`\`\`input\n3`],
  ])('%s is no proposal', (_what, content) => {
    expect(dialect.readProposal(wrapped(content))).toBeUndefined();
  });

  test('an induction proposal is every input block and the last message', () => {
    const completion = wrapped(
      block('input', '1') +
        block('message', 'first try') +
        block('input', '2, 3') +
        block('message', ' twice '),
    );
    expect(dialect.readInductionProposal(completion)).toEqual({
      inputs: ['1', '2, 3'],
      message: 'twice',
    });
  });

  test('inputs without a message, and a message without inputs, are none', () => {
    expect(dialect.readInductionProposal(wrapped(block('input', '1')))).toBeUndefined();
    expect(dialect.readInductionProposal(wrapped(block('message', 'x')))).toBeUndefined();
  });

  test('an answer is the last block of its mode', () => {
    const content = block('output', '5') + block('output', '6') + block('input', '3');
    expect(dialect.readAnswer('deduction', wrapped(content))).toBe('6');
    expect(dialect.readAnswer('abduction', wrapped(content))).toBe('3');
    expect(dialect.readAnswer('induction', wrapped(content))).toBeUndefined();
    expect(dialect.readAnswer('induction', wrapped(block('Python', DOUBLE)))).toBe(DOUBLE);
  });

  test.each(['', 'just words', '```output\n```\n'])('%j holds no answer', (content) => {
    expect(dialect.readAnswer('deduction', wrapped(content))).toBeUndefined();
  });

  test('an empty completion holds nothing', () => {
    expect(dialect.readAnswer('deduction', '')).toBeUndefined();
    expect(dialect.readProposal('')).toBeUndefined();
    expect(dialect.readInductionProposal('')).toBeUndefined();
  });

  test('reference defect 11, split at "Assistant:": the word cuts nothing off', () => {
    const program = "def f(a):\n    return 'Assistant: ' + a";
    const proposal = `Assistant: a task. Assistant:\n${block('python', program)}${block('input', "'Assistant:'")}`;
    expect(dialect.readProposal(wrapped(proposal))).toEqual({ program, input: "'Assistant:'" });
    const answer = `User: what? Assistant:\n${block('output', "'Assistant: x'")}`;
    expect(dialect.readAnswer('deduction', wrapped(answer))).toBe("'Assistant: x'");
  });
});

describe('r1 tags', () => {
  const output = block('output', '6');

  test.each([
    ['no tags', output],
    ['an answer without the end of thinking', `<answer>${output}</answer>`],
    ['an answer inside the thinking', `<answer>${output}</answer></think>`],
    ['an answer that is never opened', `</think>${output}</answer>`],
    ['an answer that is never closed', `</think><answer>${output}`],
    ['tags the wrong way round', `</think></answer>${output}<answer>`],
  ])('%s is malformed', (_what, completion) => {
    expect(r1.readAnswer('deduction', completion)).toBeUndefined();
  });

  test('a block in the thinking does not count', () => {
    const thought = block('output', '5');
    expect(r1.readAnswer('deduction', `${thought}</think> <answer>\n${output}</answer>`)).toBe('6');
    expect(r1.readAnswer('deduction', `${output}</think> <answer>none</answer>`)).toBeUndefined();
  });
});

/** A text with each line on a row of its own. */
function lines(...rows: string[]): string {
  return rows.join('\n');
}

describe('fenced blocks', () => {
  const F = (indentation = '') => [`${indentation}def f(a):`, `${indentation}    return a * 2`];

  /** What each completion holds, worked out by hand from the rules of CommonMark 0.31 that are named. */
  const CASES: readonly (readonly [string, string, readonly (readonly [string, string])[]])[] = [
    [
      'labels are the first word of what follows, in any case (4.5, example 143)',
      lines('```Python title="x"', 'x = 1', '```', '```', 'plain', '```'),
      [
        ['python', 'x = 1'],
        ['', 'plain'],
      ],
    ],
    [
      'an indented block loses its indentation (examples 131 to 133)',
      lines('  ```python ', '    x = 1', ' y = 2', '', '  ```  '),
      [['python', '  x = 1\ny = 2\n']],
    ],
    [
      'a line indented by four columns closes nothing: a docstring with a fence (example 137)',
      lines('```python', 'def f(a):', '    """', '    ```', '    3', '    ```', '    """', '```'),
      [['python', 'def f(a):\n    """\n    ```\n    3\n    ```\n    """']],
    ],
    [
      'a line indented by three closes (example 136)',
      lines('```python', 'x = 1', '   ```', 'text'),
      [['python', 'x = 1']],
    ],
    [
      'a fence of four columns is code (example 134)',
      lines('', '    ```python', '    x = 1', '    ```'),
      [],
    ],
    [
      'a fence of four columns goes on with a paragraph',
      lines('text', '    ```python', 'x = 1', '    ```'),
      [],
    ],
    [
      'a fence interrupts a paragraph (example 140)',
      lines('text', '```python', 'x = 1', '```', 'text'),
      [['python', 'x = 1']],
    ],
    [
      'a longer fence closes, a shorter one does not (examples 124 and 125)',
      lines('````python', '```', 'x = 1', '`````'),
      [['python', '```\nx = 1']],
    ],
    [
      'tildes are fences too, and close no backticks (examples 120, 122 and 123)',
      lines('~~~python', '```', '~~~', '```input', '~~~', '```'),
      [
        ['python', '```'],
        ['input', '~~~'],
      ],
    ],
    [
      'two backticks, and backticks with code after them, are no fence (examples 121 and 145)',
      lines('``python', 'x', '``', '```python```', 'y'),
      [],
    ],
    [
      'text after a fence closes nothing (example 147)',
      lines('```python', '``` x', '```'),
      [['python', '``` x']],
    ],
    [
      'a labelled fence inside a block is content',
      lines('```python', '```input', '3', '```', 'rest', '```'),
      [['python', '```input\n3']],
    ],
    ['a block that is never closed is none, since nobody knows its end', '```python\nx = 1', []],
    [
      'a block may have no lines',
      '```python\n```\n```input\n\n```',
      [
        ['python', ''],
        ['input', ''],
      ],
    ],
    [
      'the block of an ordered list item loses the indentation of the item (5.2, example 254)',
      lines(
        '1. Program:',
        '',
        '   ```python',
        ...F('   '),
        '   ```',
        '2. Input:',
        '   ```input',
        '   3',
        '   ```',
      ),
      [
        ['python', DOUBLE],
        ['input', '3'],
      ],
    ],
    [
      'with an indentation wider than the item by up to three columns',
      lines('- Program:', '    ```python', ...F('    '), '    ```'),
      [['python', DOUBLE]],
    ],
    [
      'in an item of an item',
      lines('1. Task', '   - Program', '', '     ~~~python', ...F('     '), '     ~~~'),
      [['python', DOUBLE]],
    ],
    [
      'on the line of its item (example 318)',
      lines('10) ```python', ...F('    '), '    ```'),
      [['python', DOUBLE]],
    ],
    [
      'an item ends where a line is indented less, and with it the block (example 98)',
      lines('- ```python', '  x = 1', 'y = 2', '```', 'z = 3', '```'),
      [['', 'z = 3']],
    ],
    [
      'a paragraph of an item may go on without indentation (5.2, example 290)',
      lines('10. Here is', 'the program', '', '    ```python', ...F('    '), '    ```'),
      [['python', DOUBLE]],
    ],
    [
      'a number in the middle of a paragraph begins no item (example 304)',
      lines(
        'The number of windows is',
        '14. The number of doors is',
        '    ```python',
        'x',
        '    ```',
      ),
      [],
    ],
    [
      'after a heading or a rule an item begins anew',
      lines(
        '# Task',
        '2. Program',
        '',
        '   ```python',
        ...F('   '),
        '   ```',
        '* * *',
        '    ```',
        '    x',
        '    ```',
      ),
      [['python', DOUBLE]],
    ],
    [
      'tabs reach to the next of every four columns',
      lines('1. Program:', '\t```python', '\tdef f(a):', '\t    return a * 2', '\t```'),
      [['python', DOUBLE]],
    ],
    [
      'what is left of a tab is spaces (2.2, example 5)',
      lines('- x', '', '  ~~~', '\ty', '  ~~~'),
      [['', '  y']],
    ],
    [
      'the marks of a quote are no part of its blocks (5.1, example 128)',
      lines('> ```python', '> def f(a):', '>     return a * 2', '>```', '> ```input', '3', '```'),
      [['python', DOUBLE]],
    ],
    [
      'carriage returns end lines (2.1)',
      '```python\r\nx = 1\r\ny = 2\r\n```\r```input\r3\r```',
      [
        ['python', 'x = 1\ny = 2'],
        ['input', '3'],
      ],
    ],
  ];

  test.each(CASES)('%s', (_, text, blocks) => {
    expect(blocksOf(text)).toEqual(blocks.map(([label, content]) => ({ label, content })));
  });

  test('a block says where it stands', () => {
    const text = lines('- ```python', '  x = 1', '    y', '  ```');
    const [block] = fencedBlocks(text, { start: 0, end: text.length });
    expect(text.slice(block!.content.start, block!.content.end)).toBe('x = 1\n    y');
  });
});

describe.each([chat, turns])('a model that thinks aloud, asked in the dialect $name', (dialect) => {
  const draft = block('python', JOIN) + block('input', "'x', 'y'");
  const proposal = { program: DOUBLE, input: '3' };
  const real = block('python', DOUBLE) + block('input', '3');

  test.each([
    ['a draft in the thought', `<think>\n${draft}</think>\n${real}`],
    ['a draft that is not closed', `<think>\n\`\`\`python\n${JOIN}\n</think>\n\n${real}`],
    ['a thought that the prompt has opened', `Maybe:\n${draft}</think>${real}`],
    ['a thought after a word', `Well. <think>${draft}</think>\n${real}`],
    ['an empty thought', `<think>\n\n</think>\n\n${real}`],
    ['no thought', real],
  ])('%s is left out', (_, completion) => {
    expect(dialect.readProposal(completion)).toEqual(proposal);
  });

  test.each([
    ['a thought that is never closed', `<think>\n${real}`],
    ['a proposal in the thought alone', `\n<think>${real}</think>\nDone.`],
  ])('%s is no proposal', (_, completion) => {
    expect(dialect.readProposal(completion)).toBeUndefined();
    expect(dialect.readAnswer('induction', completion)).toBeUndefined();
  });
});

describe('which dialect a run uses', () => {
  const nano = { dialect: 'compact', hasChatTemplate: false } as const;

  test('auto takes the model folder, then the chat template, then r1', () => {
    const settings = toySettings({ dialect: 'auto' });
    expect(dialectFor(settings, nano).name).toBe('compact');
    expect(dialectFor(settings, { hasChatTemplate: true }).name).toBe('chat');
    expect(dialectFor(settings, { hasChatTemplate: false }).name).toBe('r1');
  });

  test('the settings come before the model', () => {
    expect(dialectFor(toySettings({ dialect: 'r1' }), nano).name).toBe('r1');
    expect(dialectFor(toySettings({ dialect: 'chat' }), nano).name).toBe('chat');
    expect(dialectFor(toySettings({ dialect: 'turns' }), nano).name).toBe('turns');
    expect(dialectFor(toySettings({ dialect: 'compact' }), { hasChatTemplate: true }).name).toBe(
      'compact',
    );
  });

  test('the rules of the settings reach the proposer', () => {
    const settings = toySettings({
      dialect: 'chat',
      bannedWords: ['lambda'],
      allowedImports: ['json'],
    });
    const message = messageOf(
      dialectFor(settings, { hasChatTemplate: true }).proposeTask('deduction', []),
    );
    expect(message).toContain('- It may import only: json.');
    expect(message).toContain('- Do not use these words: lambda.');
  });
});

describe('a written answer', () => {
  const PROGRAM = "def f(a, b):\n    return a + '`' + b";

  test.each([compactDialect, chat, turns, r1])('of $name is read as what it says', (dialect) => {
    for (const [mode, answer] of [
      ['deduction', "[1, 'two', {3}]"],
      ['abduction', "'x', b='y'"],
      ['induction', PROGRAM],
      ['induction', 'def f(a):\n    return """\n```\n"""'],
    ] as const) {
      expect(dialect.readAnswer(mode, dialect.writeAnswer(mode, answer))).toBe(answer);
    }
  });

  test('of the compact dialect has nothing but the answer, as in its corpus', () => {
    expect(compactDialect.writeAnswer('induction', PROGRAM)).toBe(PROGRAM);
  });
});

describe('the message of a program that came without one', () => {
  const messageFor = (...pairs: [string, string][]) =>
    compactDialect.messageFor(pairs.map(([input, output]) => ({ input, output })));

  test('is its line of types in the compact dialect', () => {
    expect(messageFor(['[1, 2]', '3'], ['[]', '0'])).toBe('list to int');
    expect(messageFor(["'a, b', 4", "'x'"])).toBe('str and int to str');
    expect(messageFor(["[1, (2, 3)], 'it\\'s, ok'", 'True'])).toBe('list and str to bool');
  });

  test('is none where types differ, or have no name in the corpus', () => {
    expect(messageFor(['1', '2'], ["'a'", '2'])).toBeUndefined();
    expect(messageFor(['1', '2.5'])).toBeUndefined();
    expect(messageFor(['1', '(2, 3)'])).toBeUndefined();
    expect(messageFor()).toBeUndefined();
  });

  test('is none in dialects whose messages are hints in words', () => {
    for (const dialect of [chat, turns, r1]) {
      expect(dialect.messageFor([{ input: '1', output: '2' }])).toBeUndefined();
    }
  });
});
