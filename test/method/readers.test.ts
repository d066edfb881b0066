import { describe, expect, test } from 'vitest';

import { MODES } from '../../server/protocol/vocabulary.ts';
import { compactDialect } from '../../server/src/method/dialects/compactDialect.ts';
import type { Dialect } from '../../server/src/method/dialects/dialect.ts';
import { instructionDialect } from '../../server/src/method/dialects/instructionDialect.ts';

const RULES = { bannedWords: [], allowedImports: ['math'] };
const DIALECTS: readonly Dialect[] = [
  compactDialect,
  instructionDialect({ name: 'chat', ...RULES }),
  instructionDialect({ name: 'r1', ...RULES }),
];

/** What completions are made of, well-formed and hostile. */
const FRAGMENTS = [
  '```python\n',
  '```input\n',
  '```output\n',
  '```message\n',
  '```',
  '\n```\n',
  '````',
  '`',
  '``',
  '<think>',
  '</think>',
  '<answer>',
  '</answer>',
  '< answer>',
  '</answer',
  'Assistant:',
  'User:',
  'def f(a):\n    return a',
  '# ',
  '\n# ',
  '-> ',
  '\n',
  '\r\n',
  '\u2028',
  '\0',
  ' ',
  '\t',
  '[1, 2]',
  "'x'",
  '3',
  'twice',
  '\u{1F600}',
  '\uD800',
  '\uFEFF',
  '\u202E',
  'é',
  '__proto__',
  '$&',
  '\\',
  '"',
  "'''",
  '"""',
  '{}',
  'NaN',
];

/** Marsaglia's xorshift: quick enough that the readers are what is timed. */
function generator(seed: number): (count: number) => number {
  let state = seed;
  return (count) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % count;
  };
}

function randomCompletion(draw: (count: number) => number): string {
  let completion = '';
  for (let rest = 1 + draw(14); rest > 0; rest -= 1) {
    completion += FRAGMENTS[draw(FRAGMENTS.length)]!;
  }
  return completion;
}

function isFilled(text: unknown): boolean {
  return typeof text === 'string' && text.trim() !== '';
}

/** How many readers found something; throws where one returns what a dialect must not. */
function readAll(dialect: Dialect, completion: string): number {
  let found = 0;
  const proposal = dialect.readProposal(completion);
  if (proposal !== undefined) {
    found += 1;
    if (!isFilled(proposal.program) || !isFilled(proposal.input)) {
      throw new Error(`${dialect.name} read an empty proposal in ${JSON.stringify(completion)}`);
    }
  }
  const induction = dialect.readInductionProposal(completion);
  if (induction !== undefined) {
    found += 1;
    const typed = induction.inputs.every((input) => typeof input === 'string');
    if (induction.inputs.length === 0 || !typed || !isFilled(induction.message)) {
      throw new Error(`${dialect.name} read empty inputs in ${JSON.stringify(completion)}`);
    }
  }
  for (const mode of MODES) {
    const answer = dialect.readAnswer(mode, completion);
    if (answer !== undefined) {
      found += 1;
      if (!isFilled(answer)) {
        throw new Error(`${dialect.name} read a blank answer in ${JSON.stringify(completion)}`);
      }
    }
  }
  return found;
}

test('a million random completions: every reader is total', () => {
  const draw = generator(20_260_101);
  const found = new Map(DIALECTS.map(({ name }) => [name, 0]));
  for (let round = 0; round < 1_000_000; round += 1) {
    const dialect = DIALECTS[round % DIALECTS.length]!;
    const completion = randomCompletion(draw);
    // r1 reads only between its tags, which chance alone rarely closes.
    const shown =
      dialect.name === 'r1' && round % 2 === 0
        ? `</think><answer>${completion}</answer>`
        : completion;
    found.set(dialect.name, (found.get(dialect.name) ?? 0) + readAll(dialect, shown));
  }
  // Chance finds well-formed completions too, so the readers' other branch was tried as well.
  for (const [name, count] of found) {
    expect(count, name).toBeGreaterThan(500);
  }
}, 60_000);

describe('hostile completions are read in time that grows with their length alone', () => {
  const million = 1_000_000;
  const many = million / 4;
  const hostile: readonly (readonly [string, string])[] = [
    ['a million backticks', '`'.repeat(million)],
    ['nothing but fences', '```\n'.repeat(many / 4)],
    ['labelled fences nested without end', '```python\n'.repeat(many / 10)],
    ['one open fence and a huge line', `\`\`\`python\n${'x'.repeat(4 * many)}`],
    ['nothing but newlines', '\n'.repeat(many)],
    ['spaces without end before a letter', `${' '.repeat(many)}x`],
    ['spaces without end after a fence', '```input'.padEnd(many) + '\n3\n```'],
    ['items of items without end', `${'- '.repeat(many)}x\n\`\`\``],
    ['quotes of quotes without end', `${'> '.repeat(many)}x\n\`\`\``],
    [
      'deeper and deeper items',
      Array.from({ length: 500 }, (_, n) => `${' '.repeat(2 * n)}- \`\`\`\n`).join(''),
    ],
    [
      'lines in many items',
      `${'- '.repeat(19)}\`\`\`python\n${`${' '.repeat(38)}x\n`.repeat(many / 40)}`,
    ],
    ['lines in many quotes', `${'>'.repeat(19)}x\n`.repeat(many / 40) + '~~~'],
    ['input lines without end', '\n# '.repeat(many / 3)],
    ['well-formed input lines', `${'# 1\n'.repeat(many / 4)}message`],
    ['open answers', `</think>${'<answer>'.repeat(many / 8)}`],
    ['closed answers', `</think><answer>${'</answer>'.repeat(many / 9)}`],
    ['thinking that ends again and again', '</think>'.repeat(many / 8)],
    ['half tags', '</answe'.repeat(many / 7)],
    ['unpaired surrogates', '\uD83D'.repeat(many)],
    ['combining marks', `a${'\u0301'.repeat(many)}`],
    ['"Assistant:" without end', 'Assistant: '.repeat(many / 11)],
  ];

  test.each(hostile)('%s', (_what, completion) => {
    for (const dialect of DIALECTS) {
      const before = process.cpuUsage();
      readAll(dialect, completion);
      readAll(dialect, `</think><answer>${completion}</answer>`);
      // CPU time, so that a busy machine fails nothing; a quadratic reader would need minutes.
      expect(process.cpuUsage(before).user / 1e6, dialect.name).toBeLessThan(5);
    }
  });
});
