/** Answers to deduction tasks: what is honest scores, however it is spelled; nothing else does. */
import { describe, expect, test } from 'vitest';
import { judgeOutput } from '../../server/src/grading/verifyAnswer.ts';

function verdict(output: string, answer: string): string {
  return judgeOutput({ output }, answer).verdict;
}

describe('an honest answer scores as', () => {
  test.each([
    ['{1, 2}', '{2,1}'],
    ['{1, 2}', '{1, 2, 2}'],
    ['1000.0', '1e3'],
    ['1000.0', '1_000.'],
    ['1e+16', '10000000000000000.0'],
    ['(1,)', '1,'],
    ['(1,)', '(1,)'],
    ['(1, 2)', '1, 2,'],
    ['[1, 2]', '[1,2,]'],
    ['[1, 2]', '[\n  1,  # one\n  2,\n]'],
    ["'a\\nb'", '"""a\nb"""'],
    ["'a\\nb'", "'a\\x0ab'"],
    ["'ab'", "'a' 'b'"],
    ["'\\\\d'", "r'\\d'"],
    ['"it\'s"', "'it\\'s'"],
    ["'é😀'", "'\\xe9\\U0001F600'"],
    ["'\\x00'", "'\\0'"],
    ["b'\\xff'", 'b"\\377"'],
    ['-0.0', '-0.0'],
    ['-0.0', '0.0'],
    ['0.0', '-0.0'],
    ['inf', 'inf'],
    ['inf', "float('inf')"],
    ['inf', '1e999'],
    ['-inf', '-inf'],
    ['nan', 'nan'],
    ['nan', "float('nan')"],
    ['[nan, inf]', '[nan, inf]'],
    ['255', '0xff'],
    ['1000000', '1_000_000'],
    ['-5', '-5'],
    ['5', '+5'],
    ['5', '(5)'],
    ['(1+2j)', '1+2j'],
    ['{}', '{ }'],
    ['set()', 'set()'],
    ['frozenset({1, 2})', 'frozenset([2, 1])'],
    ["{'a': 1, 'b': {2: 3}}", "{'b': {2: 3}, 'a': 1}"],
    ['{1: 2}', '{1: 0, 1: 2}'],
    ['None', ' None \n'],
    ['True', 'True'],
    ['2', '2  # because'],
  ])('%j when it says %j', (output, answer) => {
    expect(verdict(output, answer)).toBe('correct');
  });
});

describe('what is no value scores nothing:', () => {
  test.each([
    ...[
      '1 + 1',
      '4 // 2',
      '2 * 1',
      '1 << 1',
      '--2',
      '-(-2)',
      '~-3',
      'not not 2',
      '2 or 3',
      '0 or 2',
    ],
    ...['2 if True else 0', '2 == 2', '(lambda: 2)()', "len('ab')", "int('2')", 'abs(-2)', 'f(1)'],
    ...[
      '[2][0]',
      '{1: 2}[1]',
      '(2).real',
      "'a'.count('a') + 1",
      'sum([1, 1])',
      'max(1, 2)',
      'x',
      '_',
    ],
    ...[
      'gold_output',
      'eval(gold_output)',
      'output',
      'expected',
      'f',
      'globals()',
      'locals()',
      'vars()',
    ],
    ...[
      "__import__('os').getpid()",
      "exec('2')",
      "open('/etc/passwd').read()",
      'print(2)',
      'input()',
    ],
    ...[
      '[2 for _ in [0]][0]',
      '*(2,)',
      '[*[2]]',
      '{**{}}',
      '(y := 2)',
      'yield 2',
      'await 2',
      'return 2',
    ],
    ...["f'{2}'", "f'2'", "'%d' % 2", "'{}'.format(2)", '2;', '2; 3', '2\n3', '2 2', '1, 2 = 3'],
    ...[
      '...',
      'Ellipsis',
      'NotImplemented',
      'True and 2',
      'type(2)',
      'object()',
      'range(2)',
      'iter([2])',
    ],
    ...['deque([2])', 'Counter()', 'Decimal(2)', "bytearray(b'2')", 'complex(2)', 'list((2,))'],
    ...[
      'float(2)',
      "float('2')",
      "set('2')",
      'dict(a=2)',
      'float',
      'set',
      'nan2',
      'infinity',
      'NaN',
    ],
    ...[
      'The answer is 2',
      '2.',
      'Output: 2',
      '`2`',
      '```\n2\n```',
      '<answer>2</answer>',
      '= 2',
      '"2',
    ],
    ...[
      '',
      ' ',
      '\n',
      '#2',
      '2l',
      '02',
      '0o8',
      '1__0',
      '２',
      '٢',
      'Тrue',
      'ｎａｎ',
      '2\u200b',
      '\ufeff2',
    ],
    ...[
      "'\ud800'",
      "'\\ud800'",
      "'\\udfff'",
      "'\0'",
      '2\0',
      '\0',
      "'\\N{DIGIT TWO}'",
      "b'\\ud800'",
    ],
  ])('%j', (answer) => {
    for (const output of ['2', "'2'", 'True', '2.0', '[2]']) {
      if (answer === '2.' && output === '2.0') continue;
      expect(verdict(output, answer), output).not.toBe('correct');
    }
  });

  test.each([
    ['a number of a million digits', '9'.repeat(1_000_000)],
    ['a text of a million characters', `'${'x'.repeat(1_000_000)}'`],
    ['a hundred brackets', '['.repeat(100) + ']'.repeat(100)],
    ['a million brackets that close', '['.repeat(1_000_000) + ']'.repeat(1_000_000)],
    ['a million brackets that do not', '('.repeat(1_000_000)],
    ['sixty thousand signs', `${'-'.repeat(60_000)}1`],
    ['sixty thousand quotes', "'".repeat(60_001)],
    ['sixty thousand backslashes', `'${'\\'.repeat(60_001)}'`],
    ['a list of sixty thousand commas', `[${','.repeat(60_000)}]`],
    ['twenty thousand strings side by side', "'a' ".repeat(16_000)],
    ['sixty thousand comments', '#\n'.repeat(30_000)],
  ])('%s, and takes no time', (_, answer) => {
    const started = performance.now();
    expect(verdict('2', answer)).not.toBe('correct');
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('a value of another type or content scores nothing:', () => {
  test.each([
    ['1', '1.0'],
    ['1', 'True'],
    ['0', 'False'],
    ['0', 'None'],
    ['1.0', '1'],
    ['1.0', '1+0j'],
    ["'1'", '1'],
    ["'1'", "'2-1'"],
    ["'a'", "b'a'"],
    ["'a'", "'a '"],
    ["'é'", "'e\\u0301'"],
    ['(1, 2)', '[1, 2]'],
    ['[1, 2]', '1, 2'],
    ['{1}', 'frozenset({1})'],
    ['{}', 'set()'],
    ['[1, 2]', '[2, 1]'],
    ["['a', 'b']", "['a;s1:b']"],
    ["['a', 'b']", '["a\', \'b"]'],
    ["{'a': 1}", "{'a=i1;s1:b': 1}"],
    ['[[], []]', '[[[]]]'],
    ['inf', '-inf'],
    ['nan', 'inf'],
    ['nan', "'nan'"],
    ['0.1', '0.10000000000000002'],
    ['9007199254740993', '9007199254740992'],
    ['12345678901234567890', '12345678901234567891'],
  ])('%j is not %j', (output, answer) => {
    expect(verdict(output, answer)).toBe('wrong');
    expect(verdict(output, output)).toBe('correct');
  });
});
