import { afterEach, describe, expect, it } from 'vitest';

import { documentUri, type DocumentKind } from '../../server/protocol/documents.ts';
import { entryFunction } from '../../server/src/languageServer/documents/entryFunction.ts';
import {
  hasUnseen,
  shownLine,
  shownProgram,
} from '../../server/src/languageServer/documents/shownText.ts';
import { sampleStep } from '../store/sampleRun.ts';
import { type HandMadeRun, handMadeRun, hostileStep, RUN_ID } from './handMadeRun.ts';

let run: HandMadeRun | undefined;
afterEach(() => {
  run?.close();
  run = undefined;
});

function textOf(kind: DocumentKind, id: number): string {
  return run!.library.document(documentUri({ runId: RUN_ID, kind, id })).text;
}

describe('documents of a small run', () => {
  it('shows a task with what became of it', () => {
    run = handMadeRun([sampleStep(0), sampleStep(1)]);
    expect(textOf('task', 2)).toMatchInlineSnapshot(`
      "# Deduction: the solver sees the program and its input, and must say the output.
      # Solved 0 of 0 times: solve rate 0.5, learnability 0.5, proposer's reward 1, advantage 0.75.
      # Task 2 of run hand-made, step 1, proposal 3.
      # Answers in step 1: 5 correct, 6 correct.

      def f(a):
          return a + a

      # Input and gold value.
      f([1])  # → [1, 1]
      "
    `);
  });

  it('keeps the answers of the starting model apart', () => {
    const step = sampleStep(1);
    const [, first] = step.rollouts;
    const start = { ...first!, id: 7, group: 99, phase: 'curriculum', verdict: 'wrong' } as const;
    run = handMadeRun([sampleStep(0), { ...step, rollouts: [...step.rollouts, start] }]);
    const lines = textOf('task', 2).split('\n');
    expect(lines).toContain('# Answers in step 1: 5 correct, 6 correct.');
    expect(lines).toContain('# Answers of the starting model: 7 wrong.');
  });

  it('shows a question in words, and an answer to it', () => {
    const step = sampleStep(1);
    const question = { program: '', message: 'How many legs\ndo 3 cats have?', itemId: '12' };
    const [task] = step.tasks;
    run = handMadeRun([
      sampleStep(0),
      {
        ...step,
        tasks: [
          {
            ...{ ...task!, ...question, origin: 'held-out', mode: 'deduction' },
            examples: [{ input: '', output: '12' }],
          },
        ],
      },
    ]);
    const lines = textOf('task', 2).split('\n');
    expect(lines[0]).toBe('# Question: the solver reads it, and must say the value.');
    expect(lines[1]).toContain('Item 12.');
    expect(lines).toEqual(
      expect.arrayContaining(['#   How many legs', '#   do 3 cats have?', '#   12']),
    );
    expect(textOf('answer', 5)).toContain('#   do 3 cats have?');
    expect(textOf('answer', 5)).not.toContain('f()');
  });

  it('says of a given task who gave it', () => {
    const step = sampleStep(1);
    const [task] = step.tasks;
    const given = (more: object) => [
      sampleStep(0),
      { ...step, tasks: [{ ...task!, origin: 'given' as const, ...more }] },
    ];
    run = handMadeRun(given({ itemId: 'line 7' }));
    expect(textOf('task', 2)).toContain('# Given by a file, line 7; nobody proposed it.\n');
    run = handMadeRun(given({}), 'another');
    expect(textOf('task', 2)).toContain('# Given by a generator; nobody proposed it.\n');
  });

  it('shows a rejected proposal with its reason', () => {
    run = handMadeRun([sampleStep(0), sampleStep(1)]);
    expect(textOf('proposal', 4)).toMatchInlineSnapshot(`
      "# Induction: the solver sees a message and some examples, and must write the program.
      # Rejected; reward 1, advantage 0.75.
      # Reason: too-few-inputs (line 3 of the program): Two inputs are too few.
      # Proposal 4 of run hand-made, step 1; prompt and completion.

      # No proposal could be read from the completion:
      #   def f(a):
      #       return a + a
      #
      "
    `);
  });

  it('shows an answer in its place', () => {
    run = handMadeRun([sampleStep(0), sampleStep(1)]);
    expect(textOf('answer', 5)).toMatchInlineSnapshot(`
      "# Deduction: the solver sees the program and its input, and must say the output.
      # Verdict: correct; reward 1, advantage 0.75.
      # Reason: equal: The answer gives the expected value.
      # Answer 5 of run hand-made, step 1, to task 2; prompt and completion.

      def f(a):
          return a + a

      # Input and gold value:
      f([1])  # → [1, 1]

      # The answer, a value for the output:
      answer = [1, 1]
      "
    `);
  });

  it('says of what was pruned that it was, and by which setting', () => {
    const unread = sampleStep(1).rollouts.map((rollout) => {
      const copy: { answer?: string } & typeof rollout = { ...rollout };
      if (rollout.id === 5) delete copy.answer;
      return copy;
    });
    const steps = [sampleStep(0), { ...sampleStep(1), rollouts: unread }, sampleStep(2)];
    const retention = { completionsKeptSteps: 1, completionsKeptMb: 0 };
    run = handMadeRun(steps, 'hand-made', retention);
    const sentence =
      'The text of this completion, 3 tokens long, was pruned: the run keeps those of its newest steps only (setting completionsKeptSteps).';
    for (const [kind, id] of [
      ['proposal', 4],
      ['answer', 5],
      ['prompt', 5],
    ] as const) {
      expect(textOf(kind, id).replaceAll(/\n#\s+/g, ' ')).toContain(sentence);
    }
    expect(textOf('prompt', 5)).toContain('What does f([1]) give? #1');
    expect(textOf('prompt', 5)).toContain('## Completion (3 tokens, ended by the model itself)');
    // What was read out of a completion before it went is still shown.
    expect(textOf('answer', 6)).toContain('answer = [1, 1]');
    expect(textOf('answer', 6)).not.toContain('pruned');
    expect(textOf('proposal', 3)).toContain('return a + a');
    expect(textOf('prompt', 8)).not.toContain('pruned');
  });

  it('shows what a proposer answered as the proposal it is', () => {
    run = handMadeRun([sampleStep(0)]);
    expect(textOf('answer', 1)).toBe(textOf('proposal', 1));
  });

  it('says of a held-out task what it is for, and of an answer to it how it was asked', () => {
    const step = sampleStep(0);
    const [proposer, first, second] = step.rollouts;
    const [task] = step.tasks;
    run = handMadeRun([
      {
        ...step,
        tasks: [{ ...task!, origin: 'held-out', stratum: 'untaught 1' }],
        rollouts: [proposer!, { ...first!, phase: 'greedy' }, { ...second!, phase: 'probe' }],
      },
    ]);
    expect(textOf('task', 1)).toContain(
      '# Held out: it measures what was learned, and is never trained on. Part of the set: untaught 1.\n',
    );
    expect(textOf('task', 1)).toContain('# Held-out task 1 of run hand-made, step 0');
    expect(textOf('answer', 2)).toContain('to the held-out task 1, with the likeliest tokens;');
    expect(textOf('answer', 3)).toContain('to the held-out task 1, sampled at temperature 1;');
  });

  it('says of an answer what was compared when it was judged, as it was stored', () => {
    const step = sampleStep(0);
    const [proposer, first, second] = step.rollouts;
    const compared = 'The answer is [1]; the program gives [1, 1].';
    const wrong = {
      ...first!,
      answer: '[1]',
      verdict: 'wrong' as const,
      verdictReason: 'different-output' as const,
      verdictMessage: compared,
    };
    run = handMadeRun([{ ...step, rollouts: [proposer!, wrong, second!] }]);
    const { text, problems } = run.library.document(
      documentUri({ runId: RUN_ID, kind: 'answer', id: 2 }),
    );
    expect(text).toContain(`# Reason: different-output: ${compared}`);
    expect(problems.map(({ message }) => message)).toEqual([`wrong: ${compared}`]);
  });

  it('lets the sides of a comparison differ in the answer alone', () => {
    const step = sampleStep(0);
    const [proposer, first, second] = step.rollouts;
    const wrong = { ...first!, answer: '[1]', verdict: 'wrong' as const };
    run = handMadeRun([{ ...step, rollouts: [proposer!, wrong, second!] }]);
    expect(textOf('reference', 1)).toBe('def f(a):\n    return a + a\n\nf([1])  # → [1, 1]\n');
    expect(textOf('program', 2)).toBe('def f(a):\n    return a + a\n\nf([1])  # → [1]\n');
  });

  it('links a task to its parents, children, proposal and answers', () => {
    const child = sampleStep(1);
    const tasks = [{ ...child.tasks[0]!, parentTaskIds: [1] }];
    run = handMadeRun([sampleStep(0), { ...child, tasks }]);
    const targets = (id: number) =>
      run!.library
        .document(documentUri({ runId: RUN_ID, kind: 'task', id }))
        .links.map(({ target }) => target.replace(`azr:/${RUN_ID}/`, ''));
    expect(targets(1)).toEqual(['proposal-1.py', 'task-2.py', 'answer-2.py', 'answer-3.py']);
    expect(targets(2)).toEqual(['proposal-3.py', 'task-1.py', 'answer-5.py', 'answer-6.py']);
  });

  it('puts marks where their words stand', () => {
    run = handMadeRun([sampleStep(0)]);
    for (const [kind, id] of [
      ['task', 1],
      ['proposal', 2],
      ['answer', 2],
    ] as const) {
      const { text, terms, links } = run.library.document(documentUri({ runId: RUN_ID, kind, id }));
      const lines = text.split('\n');
      expect(terms.length + links.length).toBeGreaterThan(3);
      for (const { line, start, end, target } of links) {
        const word = lines[line]!.slice(start, end);
        const number = /-(\d+)\./.exec(target)![1]!;
        expect(word.includes(number) || word === 'prompt and completion').toBe(true);
      }
      for (const { line, start, end } of terms) {
        expect(lines[line]!.slice(start, end)).toMatch(/^[A-Za-z' -]+$/);
      }
    }
  });

  it('points a rejection at the line of the program that caused it', () => {
    const step = sampleStep(0);
    const [accepted, rejected] = step.proposals;
    const broken = { ...rejected!, program: 'def f(a):\n    b = 1\n    return c', line: 3 };
    run = handMadeRun([{ ...step, proposals: [accepted!, broken] }]);
    const { text, problems } = run.library.document(
      documentUri({ runId: RUN_ID, kind: 'proposal', id: 2 }),
    );
    const [problem] = problems;
    expect(text.split('\n')[problem!.line]!.slice(problem!.start, problem!.end)).toBe('return c');
    expect(problem).toMatchObject({ code: 'too-few-inputs', severity: 'warning' });
  });

  it('says what is missing and what to do', () => {
    run = handMadeRun([sampleStep(0)]);
    expect(() => textOf('task', 99)).toThrow(
      expect.objectContaining({
        code: 'no-row',
        message: 'The run hand-made has no task 99.',
        remedy: expect.stringContaining('tree') as string,
      }),
    );
    expect(() => run!.library.document('azr:/x/nothing-1.py')).toThrow(
      expect.objectContaining({ code: 'no-document' }),
    );
  });

  it('keeps names of people out of the two lines where Python reads declarations', () => {
    run = handMadeRun([sampleStep(0)], 'coding: rot13');
    for (const [kind, id] of [
      ['task', 1],
      ['proposal', 2],
      ['answer', 2],
    ] as const) {
      const [first, second] = textOf(kind, id).split('\n');
      expect(`${first!}${second!}`).not.toMatch(/coding[:=]/);
    }
  });
});

const HOSTILE: Readonly<Record<string, string>> = {
  'a line break': 'x\nimport os',
  'every line break there is': 'a\rb\r\nc\u0085d\u2028e\u2029f\u000bg\u000ch',
  'the end of a quotation': '"""\nimport os\n\'\'\'',
  'an order of reading': 'user = "\u202e\u2066 admin \u2069"',
  'invisible characters': 'a\u200bb\u2060c\ufeffd\u00ade',
  'an escape sequence of terminals': '\u001b[2J\u001b]0;title\u0007',
  'a comment': '# x\n# --- calls ---\nf()',
  'a code block': '````\n```\n<script>alert(1)</script>\n![](https://example.com/x.png)',
  'tags of no language': '\u{e0041}\u{e007f}\u{f0000}',
};
/** Whatever may show as nothing, as a line break, or turn a line round. */
const FORBIDDEN = /[^\P{C}\n\t\f]|[\p{Zl}\p{Zp}]/u;

describe('the function that a call calls', () => {
  it.each([
    ['def f(x): return x', 'f'],
    ['def g(x): return x\ndef f(x): return x', 'f'],
    ['def g(x): return x\ndef h(x): return x', 'g'],
    ['f = lambda x: x', 'f'],
    ['f: object = lambda x: x', 'f'],
    ['g = lambda x: x', 'g'],
    ['g = lambda x: x\ndef h(x): return x', 'h'],
    ['def g(x): return x\nf = g', 'f'],
    ['def g(x):\n    f = x\n    return f', 'g'],
    ['def g(x): return x\nf == g', 'g'],
    ['', 'f'],
  ])('of %j is %s', (program, name) => {
    expect(entryFunction(program)).toBe(name);
  });
});

describe('documents of hostile texts', () => {
  for (const [name, text] of Object.entries(HOSTILE)) {
    it(`contains ${name}`, () => {
      run = handMadeRun([sampleStep(0), hostileStep(text)]);
      for (const [kind, id] of [
        ['task', 2],
        ['proposal', 3],
        ['proposal', 4],
        ['answer', 5],
        ['answer', 6],
        ['reference', 2],
        ['program', 5],
        ['prompt', 4],
      ] as const) {
        expect(textOf(kind, id)).not.toMatch(FORBIDDEN);
      }
    });

    it(`keeps ${name} in comments around a broken program`, () => {
      run = handMadeRun([sampleStep(0), hostileStep(text)]);
      for (const [kind, id] of [
        ['proposal', 4],
        ['answer', 6],
      ] as const) {
        const { text: document, sections } = run.library.document(
          documentUri({ runId: RUN_ID, kind, id }),
        );
        const program = sections.find((section) => section.kind === 'program')!;
        const lines = document.split('\n');
        const ours = [...lines.slice(0, program.firstLine), ...lines.slice(program.lastLine + 1)];
        expect(ours.filter((line) => line !== '' && !line.startsWith('#'))).toEqual([]);
      }
    });
  }

  it('keeps a model from closing the code block of a prompt', () => {
    run = handMadeRun([sampleStep(0), hostileStep(HOSTILE['a code block']!)]);
    const document = textOf('prompt', 4);
    const fence = /^(`{5,})text$/m.exec(document)![1]!;
    const [, inside] = document.split(`## Completion`);
    expect(inside!.split('\n').filter((line) => line === fence)).toHaveLength(1);
  });
});

describe('shown texts', () => {
  it('writes what cannot be seen as Python would', () => {
    expect(shownLine('a\n\t\u0000\u202e\u{e0041}é中😀')).toBe(
      'a\\n\\t\\x00\\u202e\\U000e0041é中😀',
    );
  });

  it('keeps the layout of a program', () => {
    expect(shownProgram('def f():\r\n\treturn 1\r\n\n')).toBe('def f():\n\treturn 1');
    expect(hasUnseen('def f():\r\n\treturn 1\n')).toBe(false);
    expect(hasUnseen('x = "\u202e"')).toBe(true);
  });
});
