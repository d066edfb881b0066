/** CRUXEval (Gu et al. 2024): what does a function return for an input, and which input gives an output? */
import type { HeldOutTask } from '../../protocol/heldOut.ts';
import { judgeOutput } from '../grading/verifyAnswer.ts';
import { parseArguments } from '../literal/parse.ts';
import { schemaCheck } from '../settings/schemaCheck.ts';
import { object, type Schema, text } from '../settings/typedSchema.ts';
import { suiteText } from './data/dataSource.ts';
import type { DataSource } from './data/publishedFile.ts';
import { readJsonLines } from './data/jsonLines.ts';
import { executedOutput } from './executedOutput.ts';
import { literal, loadEach } from './gold.ts';
import { remembered } from './preparedSuite.ts';
import { recordedArguments } from './recordedArguments.ts';
import { SUITE_LIMITS } from './suiteRules.ts';
import type { LoadContext, LoadedSuite, Suite } from './suite.ts';
import { programBase, programChat } from './templates/programTemplates.ts';

const SOURCE: DataSource = {
  title: 'CRUXEval',
  fileName: 'cruxeval.jsonl',
  sha256: '8368b81047dc5014e4caf5a2f97604eff7644e0ecd7415e3ceeb184bbc2e0c96',
  from: {
    url: 'https://raw.githubusercontent.com/facebookresearch/cruxeval/190faf16d175b5847b0af05d937872b1fb395942/data/cruxeval.jsonl',
  },
};

interface CruxevalLine {
  readonly id: string;
  readonly code: string;
  /** What stands between the parentheses of the call: an expression, though mostly literals. */
  readonly input: string;
  readonly output: string;
}

const filled = text({ minLength: 1 });
const lineSchema: Schema<CruxevalLine> = object({
  id: filled,
  code: filled,
  input: text(),
  output: filled,
});
const check = schemaCheck(lineSchema);

export const cruxeval: Suite = {
  name: 'cruxeval',
  title: 'CRUXEval: output and input prediction',
  source: SOURCE,
  templates: [programChat, programBase],
  async load(context) {
    const data = await suiteText(SOURCE, context);
    const lines = readJsonLines(data, context.dataFile ?? SOURCE.fileName, check());
    return remembered(this.name, data, context, () =>
      loadEach(
        lines.map(({ value }) => value),
        (line) => itemsOf(line, context),
        context,
      ),
    );
  },
};

/** Two tasks of an item whose pair comes true, one where its input has no literal, none where it does not. */
async function itemsOf(line: CruxevalLine, context: LoadContext): Promise<LoadedSuite> {
  const { id, code: program, output } = line;
  const [outputId, inputId] = [`${id} output`, `${id} input`];
  const input = await literalInput(line.input, context);
  // A lambda can be shown, and the call can be executed, but no answer can state it.
  const executed =
    input === undefined
      ? await executedOutput(withCallOf(program, line.input), '', context)
      : await executedOutput(program, input, context);
  const why = typeof executed === 'string' ? executed : mismatch(executed, output);
  if (typeof executed === 'string' || why !== undefined) {
    const reason = `The reference pair does not verify: ${why ?? ''}`;
    return { items: [], leftOut: [outputId, inputId].map((one) => ({ id: one, reason })) };
  }
  const examples = [{ input: input ?? line.input, output: executed.output }];
  const task = (mode: 'deduction' | 'abduction', stratum: string): HeldOutTask => ({
    ...{ mode, program, examples, visible: 0, stratum, itemId: id },
  });
  const outputItem = { id: outputId, task: task('deduction', 'output') };
  if (input !== undefined) {
    return {
      items: [outputItem, { id: inputId, task: task('abduction', 'input') }],
      leftOut: [],
    };
  }
  const reason = 'Its input has no literal, so an answer cannot state it.';
  return { items: [outputItem], leftOut: [{ id: inputId, reason }] };
}

/**
 * The arguments as literals. Some items write `dict()` for `{}`: those are evaluated, in the jail.
 * Undefined where an argument has no literal.
 */
async function literalInput(
  input: string,
  { sandbox, signal }: LoadContext,
): Promise<string | undefined> {
  if (parseArguments(input).ok) return input;
  const program = `def _arguments(*args, **kwargs):\n    return repr((args, kwargs))\n\ndef f():\n    return _arguments(${input}\n    )\n`;
  const execution = await sandbox.run(program, '', { limits: SUITE_LIMITS, signal });
  return execution.outcome === 'ok' ? recordedArguments(textIn(execution.output!)) : undefined;
}

function textIn(output: string): string {
  const value = literal(output);
  return value.kind === 'str' ? value.value : '';
}

/** `program` with an `f` without parameters, which makes the call that an item states. */
function withCallOf(program: string, input: string): string {
  return `${program}\n\n_f = f\n\ndef f():\n    global f\n    f = _f\n    return f(${input}\n    )\n`;
}

function mismatch(executed: { readonly output: string }, stated: string): string | undefined {
  const { verdict, message } = judgeOutput(executed, stated);
  return verdict === 'correct' ? undefined : message;
}
