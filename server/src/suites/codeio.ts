/** CodeI/O (Li et al. 2025), as reasoning-gym ships it: what does a program return, and for which input? */
import type { HeldOutTask } from '../../protocol/heldOut.ts';
import type { LiteralValue } from '../literal/value.ts';
import { schemaCheck } from '../settings/schemaCheck.ts';
import { object, type Schema, text } from '../settings/typedSchema.ts';
import { suiteText } from './data/dataSource.ts';
import type { DataSource } from './data/publishedFile.ts';
import { readJsonLines } from './data/jsonLines.ts';
import { parsePythonJson } from './data/jsonLiteral.ts';
import { executedOutput } from './executedOutput.ts';
import { literal, loadEach } from './gold.ts';
import { remembered } from './preparedSuite.ts';
import { PYTHON_RANDOM } from './pythonRandom.ts';
import { recordedArguments } from './recordedArguments.ts';
import { SUITE_LIMITS } from './suiteRules.ts';
import type { LoadContext, LoadedSuite, Suite } from './suite.ts';
import { programBase, programChat } from './templates/programTemplates.ts';
import { withoutUnusedImports } from './unusedImports.ts';

export const CODEIO_SOURCE: DataSource = {
  title: 'CodeI/O',
  fileName: 'codeio.jsonl',
  sha256: '1e4844f46b16a6092ee8ad763d18b8faf375c15b745f1e8766afa8a9d204ee23',
  from: {
    package: 'reasoning-gym',
    version: '0.1.25',
    member: 'reasoning_gym/data/codeio.jsonl.gz',
  },
};

interface CodeioLine {
  /** Defines `main_solution`. */
  readonly code_sample: string;
  /** Defines `generate_inputs(rng)`, which gives the arguments by their names. */
  readonly input_generator: string;
}

const filled = text({ minLength: 1 });
const lineSchema: Schema<CodeioLine> = object({ code_sample: filled, input_generator: filled });
const check = schemaCheck(lineSchema);

/** Longer programs, inputs and outputs do not fit into the prompt of a small model. */
const LONGEST_PROGRAM = 3_000;
const LONGEST_LITERAL = 1_000;
/** A number with more is not one that a person, or a model, would state. */
const MOST_DECIMALS = 6;

export const codeio: Suite = {
  name: 'codeio',
  title: 'CodeI/O: output and input prediction for programs of everyday code',
  source: CODEIO_SOURCE,
  templates: [programChat, programBase],
  async load(context) {
    const data = await suiteText(CODEIO_SOURCE, context);
    const place = context.dataFile ?? CODEIO_SOURCE.fileName;
    const lines = readJsonLines(data, place, check(), parsePythonJson);
    return remembered(this.name, data, context, () =>
      loadEach(lines, ({ number, value }) => itemsOf(number - 1, value, context), context),
    );
  },
};

/** The two tasks of a program, or why it has none. */
async function itemsOf(
  number: number,
  { code_sample: sample, input_generator: generator }: CodeioLine,
  context: LoadContext,
): Promise<LoadedSuite> {
  const code = withoutUnusedImports(sample).trim();
  const id = `codeio/${String(number)}`;
  const leftOut = (reason: string): LoadedSuite => ({ items: [], leftOut: [{ id, reason }] });
  if (code.length > LONGEST_PROGRAM) {
    return leftOut(`Its program is longer than ${String(LONGEST_PROGRAM)} characters.`);
  }
  const input = await drawnInput(sample, generator, number, context);
  if (typeof input !== 'string') return leftOut(input.reason);
  const program = `${code}\n\nf = main_solution\n`;
  const executed = await executedOutput(program, input, context);
  if (typeof executed === 'string') return leftOut(`Its program does not run here: ${executed}`);
  const { output } = executed;
  if (input.length > LONGEST_LITERAL || output.length > LONGEST_LITERAL) {
    return leftOut(`Its input or output is longer than ${String(LONGEST_LITERAL)} characters.`);
  }
  if (hasLongDecimal(literal(output))) {
    return leftOut(`Its output has a number of more than ${String(MOST_DECIMALS)} decimals.`);
  }
  const task = (mode: 'deduction' | 'abduction', stratum: string): HeldOutTask => ({
    ...{ mode, program, examples: [{ input, output }], visible: 0, stratum, itemId: id },
  });
  return {
    items: [
      { id: `${id} output`, task: task('deduction', 'output') },
      { id: `${id} input`, task: task('abduction', 'input') },
    ],
    leftOut: [],
  };
}

/**
 * The arguments that the item's own generator draws for the seed `number`, in the jail, and that have a literal.
 * The generator may use what the program defines.
 */
async function drawnInput(
  code: string,
  generator: string,
  number: number,
  { sandbox, signal }: LoadContext,
): Promise<string | { readonly reason: string }> {
  const program = `${PYTHON_RANDOM}
from random import Random

${withoutUnusedImports(`${code}\n\n${generator}`)}

def f(seed):
    return repr(((), generate_inputs(Random(seed))))
`;
  const execution = await sandbox.run(program, String(number), { limits: SUITE_LIMITS, signal });
  if (execution.outcome !== 'ok') {
    const reason = `No input can be drawn for its program here: ${execution.message ?? execution.outcome}`;
    return { reason };
  }
  const spelled = literal(execution.output!);
  const input = spelled.kind === 'str' ? recordedArguments(spelled.value) : undefined;
  return input ?? { reason: 'The input that is drawn for its program has no literal.' };
}

function hasLongDecimal(value: LiteralValue): boolean {
  switch (value.kind) {
    case 'float':
      return Number(value.value.toFixed(MOST_DECIMALS)) !== value.value;
    case 'complex':
      return true;
    case 'list':
    case 'tuple':
    case 'set':
    case 'frozenset':
      return value.items.some(hasLongDecimal);
    case 'dict':
      return value.entries.some((entry) => entry.some(hasLongDecimal));
    default:
      return false;
  }
}
