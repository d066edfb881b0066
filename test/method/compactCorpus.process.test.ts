/** The contract between the compact dialect and the corpus that the embedded model was pretrained on. */
import { existsSync } from 'node:fs';
import path from 'node:path';

import { execa } from 'execa';
import { beforeAll, describe, expect, test } from 'vitest';

import type { InputOutput } from '../../server/protocol/sandbox.ts';
import { compactDialect } from '../../server/src/method/dialects/compactDialect.ts';
import { ZERO_TRIPLET, type Prompt } from '../../server/src/method/dialects/dialect.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** Prints the prompts of fixed tasks as the corpus writes them, and 400 documents of it. */
const SCRIPT = `
import json, random, sys
from azr_nano import corpus
asked = json.load(sys.stdin)
program, references = asked["program"], [tuple(r) for r in asked["references"]]
rng = random.Random(5)
documents = [corpus.random_document(rng) for _ in range(400)]
json.dump({
    "deduction": corpus.deduction_prompt(program, asked["input"]),
    "abduction": corpus.abduction_prompt(program, asked["output"]),
    "induction": corpus.induction_prompt(asked["message"], [tuple(p) for p in asked["pairs"]]),
    "propose": {m: corpus.proposal_prompt(m, references) for m in ("deduction", "abduction")},
    "proposeNothing": corpus.proposal_prompt("deduction", []),
    "proposeInduction": corpus.induction_proposal_prompt(program, 6),
    "firstReference": corpus.FIRST_REFERENCE,
    "documents": [[d.prompt, d.completion] for d in documents],
}, sys.stdout)
`;

interface CorpusOutput {
  readonly deduction: string;
  readonly abduction: string;
  readonly induction: string;
  readonly propose: Readonly<Record<'deduction' | 'abduction', string>>;
  readonly proposeNothing: string;
  readonly proposeInduction: string;
  readonly firstReference: readonly string[];
  readonly documents: readonly (readonly [prompt: string, completion: string])[];
}

const PROGRAM = 'def f(a, b):\n    x = a + b\n    return x[::-1]';
const REFERENCES = [
  { program: PROGRAM, input: "'ab', 'c'", output: "'cba'" },
  { program: 'def f(a):\n    return a', input: '3', output: '3' },
];
const PAIRS: readonly InputOutput[] = [
  { input: "'a', 'b'", output: "'ba'" },
  { input: "'x', ''", output: "'x'" },
];

/** The project's own Python where there is one; the corpus needs only the standard library. */
function python(): string {
  const [folder, file] =
    process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python'];
  const own = path.join(ROOT, '.venv', folder, file);
  return existsSync(own) ? own : 'python3';
}

function textOf(prompt: Prompt): string {
  if (prompt.kind !== 'text') {
    throw new Error('The compact dialect writes plain text.');
  }
  return prompt.text;
}

let corpus: CorpusOutput;

beforeAll(async () => {
  const { stdout } = await execa(python(), ['-c', SCRIPT], {
    env: { PYTHONPATH: path.join(ROOT, 'server', 'nano'), PYTHONDONTWRITEBYTECODE: '1' },
    input: JSON.stringify({
      program: PROGRAM,
      input: "'ab', 'c'",
      output: "'cba'",
      message: 'reversed sum',
      pairs: PAIRS.map(({ input, output }) => [input, output]),
      references: REFERENCES.map(({ program, input, output }) => [program, input, output]),
    }),
  });
  corpus = JSON.parse(stdout) as CorpusOutput;
});

describe('the compact dialect writes what the embedded model learned to read', () => {
  test('solver prompts', () => {
    const { solve } = compactDialect;
    expect(textOf(solve({ mode: 'deduction', program: PROGRAM, input: "'ab', 'c'" }))).toBe(
      corpus.deduction,
    );
    expect(textOf(solve({ mode: 'abduction', program: PROGRAM, output: "'cba'" }))).toBe(
      corpus.abduction,
    );
    expect(textOf(solve({ mode: 'induction', message: 'reversed sum', visible: PAIRS }))).toBe(
      corpus.induction,
    );
  });

  test('proposer prompts', () => {
    for (const mode of ['deduction', 'abduction'] as const) {
      expect(textOf(compactDialect.proposeTask(mode, REFERENCES))).toBe(corpus.propose[mode]);
    }
    expect(textOf(compactDialect.proposeTask('deduction', []))).toBe(corpus.proposeNothing);
    expect(textOf(compactDialect.proposeInduction(PROGRAM, 6))).toBe(corpus.proposeInduction);
  });

  test('the zero triplet', () => {
    const { program, input, output } = ZERO_TRIPLET;
    expect(corpus.firstReference).toEqual([program, input, output]);
  });
});

describe('the compact dialect reads what the embedded model learned to write', () => {
  function completionsOf(start: string): string[] {
    const ofKind = corpus.documents.filter(([prompt]) => prompt.startsWith(start));
    expect(ofKind.length).toBeGreaterThan(10);
    return ofKind.map(([, completion]) => completion);
  }

  test('proposals come apart into the program and the input they were made of', () => {
    for (const mode of ['deduction', 'abduction']) {
      for (const completion of completionsOf(`[propose ${mode}]`)) {
        const { program, input } = compactDialect.readProposal(completion) ?? {};
        expect(program).toMatch(/^def f\(/);
        expect(`${program ?? ''}\n# ${input ?? ''}`).toBe(completion);
      }
    }
  });

  test('induction proposals', () => {
    for (const completion of completionsOf('[propose induction]')) {
      const { inputs = [], message } = compactDialect.readInductionProposal(completion) ?? {};
      const lines = inputs.map((input) => `# ${input}\n`);
      expect(lines.join('') + (message ?? '')).toBe(completion);
    }
  });

  test('answers', () => {
    for (const mode of ['deduction', 'abduction', 'induction'] as const) {
      for (const completion of completionsOf(`[solve ${mode}]`)) {
        expect(compactDialect.readAnswer(mode, completion)).toBe(completion);
      }
    }
  });
});
