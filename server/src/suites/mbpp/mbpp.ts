/** MBPP+ (Austin et al. 2021, Liu et al. 2023): 378 functions to write from one sentence and one example. */
import type { Grader } from '../../../protocol/sandbox.ts';
import { parseArguments } from '../../literal/parse.ts';
import type { LiteralValue } from '../../literal/value.ts';
import { schemaCheck } from '../../settings/schemaCheck.ts';
import { untiedSchema } from '../../settings/typedSchema.ts';
import { LARGEST_BYTES, suiteText } from '../data/dataSource.ts';
import type { DataSource } from '../data/publishedFile.ts';
import { invalidData, lineOf, type NumberedLine, readJsonLines } from '../data/jsonLines.ts';
import { jsonLiteral, parsePythonJson } from '../data/jsonLiteral.ts';
import { functionTask, loadEach, oneItem } from '../gold.ts';
import { remembered } from '../preparedSuite.ts';
import type { Adaptation } from '../reading/callAdapter.ts';
import { suiteGrader } from '../suiteRules.ts';
import type { LoadContext, LoadedSuite, Suite } from '../suite.ts';
import { functionBase, functionChat } from '../templates/functionTemplates.ts';
import { mbppInput } from './mbppInputs.ts';

const SOURCE: DataSource = {
  title: 'MBPP+',
  fileName: 'MbppPlus-v0.2.0.jsonl',
  sha256: 'b54e762755248ca411b523c917fa9f93c07b5ff2966bf60b3917b853926a3dad',
  from: {
    url: 'https://github.com/evalplus/mbppplus_release/releases/download/v0.2.0/MbppPlus.jsonl.gz',
  },
};

interface MbppLine {
  readonly task_id: string;
  readonly prompt: string;
  readonly entry_point: string;
  readonly canonical_solution: string;
  readonly atol: number;
}

const text = { type: 'string', minLength: 1 } as const;
// Mbpp/793 has an empty object in place of an empty list.
const inputs = { type: ['array', 'object'] } as const;
const check = schemaCheck(
  untiedSchema<MbppLine>({
    type: 'object',
    required: [
      ...['task_id', 'prompt', 'entry_point', 'canonical_solution', 'atol'],
      ...['base_input', 'plus_input'],
    ],
    properties: {
      task_id: { type: 'string', pattern: '^Mbpp/\\d+$' },
      prompt: text,
      entry_point: { type: 'string', pattern: '^[A-Za-z_]\\w*$' },
      canonical_solution: text,
      atol: { type: 'number', minimum: 0 },
      base_input: inputs,
      plus_input: inputs,
    },
  }),
  { allowUnionTypes: true },
);

export const mbpp: Suite = {
  name: 'mbpp',
  title: 'MBPP+: functions from one sentence and one example',
  source: SOURCE,
  templates: [functionChat, functionBase],
  async load(context) {
    const place = context.dataFile ?? SOURCE.fileName;
    const data = await suiteText(SOURCE, context);
    const lines = readJsonLines(data, place, check(), parsePythonJson);
    const grader = suiteGrader(context.sandbox);
    return remembered(this.name, data, context, () =>
      loadEach(
        lines.map((line) => ({ ...line, id: line.value.task_id, place })),
        (line) => itemOf(line, grader, context),
        context,
      ),
    );
  },
};

/** Whose results EvalPlus compares in another way than by equality, by entry point. */
const ADAPTATIONS: Readonly<Record<string, Adaptation>> = {
  ...Object.fromEntries(
    [
      ...['similar_elements', 'find_char_long', 'common_in_nested_lists', 'extract_singly'],
      ...['larg_nnum', 'intersection_array', 'find_dissimilar', 'Diff'],
    ].map((entry) => [entry, 'set'] as const),
  ),
  ...Object.fromEntries(
    ['check_str', 'text_match_three', 'text_starta_endb'].map((entry) => [entry, 'found'] as const),
  ),
};

async function itemOf(
  line: NumberedLine<MbppLine> & { readonly id: string; readonly place: string },
  grader: Grader,
  { signal }: LoadContext,
): Promise<LoadedSuite> {
  const { id, value } = line;
  const { entry_point: entry, prompt, canonical_solution: reference, atol } = value;
  const item = {
    id,
    message: prompt,
    reference,
    call: { entry, adaptation: ADAPTATIONS[entry] ?? 'plain' },
    inputs: inputsOf(line),
    tolerance: atol,
  };
  return oneItem(id, await functionTask(grader, item, signal));
}

/** Those of the original benchmark, then those of EvalPlus. */
function inputsOf({
  text: json,
  number,
  id,
  place,
}: NumberedLine<MbppLine> & { readonly id: string; readonly place: string }): string[] {
  const item = Number(id.replace('Mbpp/', ''));
  const parsed = jsonLiteral(json, LARGEST_BYTES);
  const fields = parsed.ok && parsed.value.kind === 'dict' ? parsed.value.entries : [];
  const calls = ['base_input', 'plus_input'].flatMap((name) => {
    const field = fields.find(([key]) => key.kind === 'str' && key.value === name)?.[1];
    return field?.kind === 'list' ? field.items : [];
  });
  try {
    return calls.map((call: LiteralValue) => mbppInput(item, call)).filter(isClear(id));
  } catch (error) {
    throw invalidData(
      lineOf(place, number),
      `its inputs cannot be read: ${error instanceof Error ? error.message : ''}`,
    );
  }
}

/**
 * The words of Mbpp/558 leave open what becomes of digits without a partner, and EvalPlus accepts two
 * readings. Asked are the numbers for which both give the same.
 */
function isClear(id: string): (input: string) => boolean {
  if (id !== 'Mbpp/558') return () => true;
  return (input) => {
    const parsed = parseArguments(input);
    const numbers = parsed.ok ? parsed.value.positional : [];
    const lengths = numbers.map((one) => (one.kind === 'int' ? String(one.value).length : 0));
    return lengths[0] === lengths[1];
  };
}
