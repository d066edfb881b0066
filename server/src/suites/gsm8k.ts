/** GSM8K (Cobbe et al. 2021): word problems of grade school whose answer is a number. */
import type { HeldOutTask } from '../../protocol/heldOut.ts';
import { schemaCheck } from '../settings/schemaCheck.ts';
import { object, type Schema, text } from '../settings/typedSchema.ts';
import { suiteText } from './data/dataSource.ts';
import type { DataSource } from './data/publishedFile.ts';
import { invalidData, lineOf, readJsonLines } from './data/jsonLines.ts';
import { numberLiteral } from './reading/numberAnswer.ts';
import type { Suite } from './suite.ts';
import { questionBase, questionChat } from './templates/questionTemplates.ts';

const SOURCE: DataSource = {
  title: 'GSM8K',
  fileName: 'gsm8k-test.jsonl',
  sha256: '3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14',
  from: {
    url: 'https://raw.githubusercontent.com/openai/grade-school-math/3101c7d5072418e28b9008a6636bde82a006892c/grade_school_math/data/test.jsonl',
  },
};

export interface QuestionLine {
  readonly question: string;
  /** A number, or the steps to it with the number after `####`. */
  readonly answer: string;
}

const filled = text({ minLength: 1 });
const lineSchema: Schema<QuestionLine> = object({ question: filled, answer: filled });
const check = schemaCheck(lineSchema);

export const gsm8k: Suite = {
  name: 'gsm8k',
  title: 'GSM8K: word problems of grade school',
  source: SOURCE,
  templates: [questionChat, questionBase],
  async load(context) {
    const place = context.dataFile ?? SOURCE.fileName;
    const lines = readJsonLines(await suiteText(SOURCE, context), place, check());
    const items = lines.map(({ number, value }) => {
      // The data have no names; a line has its number, from 0 as in the file of the Hugging Face hub.
      const id = `gsm8k/${number - 1}`;
      const task = questionTask(id, value);
      if (task === undefined)
        throw invalidData(lineOf(place, number), 'its answer is not a number');
      return { id, task };
    });
    return { items, leftOut: [] };
  },
};

/** The task has no program: the number is compared with the one that the data state. Undefined where they state none. */
export function questionTask(
  id: string,
  { question, answer }: QuestionLine,
): HeldOutTask | undefined {
  const output = numberLiteral(answer.split('####').at(-1) ?? '');
  if (output === undefined) return undefined;
  const examples = [{ input: '', output }];
  return { mode: 'deduction', program: '', examples, visible: 0, message: question, itemId: id };
}
