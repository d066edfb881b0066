/**
 * Items of the user's own, one JSON object per line: a program with an input and its output, a function to
 * write with tests, or a question with a number as its answer.
 */
import type { HeldOutTask } from '../../../protocol/heldOut.ts';
import { ProblemError } from '../../../protocol/problem.ts';
import { userFile } from '../data/dataSource.ts';
import { invalidData, lineOf, type NumberedLine, readJsonLines } from '../data/jsonLines.ts';
import { loadEach } from '../gold.ts';
import { questionTask } from '../gsm8k.ts';
import type { LoadContext, LoadedSuite, Suite, SuiteItem, Template } from '../suite.ts';
import { functionBase, functionChat } from '../templates/functionTemplates.ts';
import { programBase, programChat } from '../templates/programTemplates.ts';
import { questionBase, questionChat } from '../templates/questionTemplates.ts';
import { checkFileLine, type FileLine } from './fileLine.ts';
import { programTasks, testedTask } from './fileTasks.ts';

export const fileSuite: Suite = {
  name: 'file',
  title: 'Items of a file of your own',
  templates: [
    byKind({ program: programChat, function: functionChat, question: questionChat }),
    byKind({ program: programBase, function: functionBase, question: questionBase }),
  ],
  async load(context) {
    const { dataFile } = context;
    if (dataFile === undefined) {
      throw new ProblemError({
        code: 'no-suite-data',
        message: 'The suite "file" asks items of a file, and none was named.',
        remedy: 'Name a file with one item per line. docs/evaluation.md says what a line may hold.',
      });
    }
    const lines = readJsonLines(await userFile(dataFile), dataFile, checkFileLine());
    refuseRepeatedIds(lines, dataFile);
    return loadEach(
      lines.map((line) => ({ ...line, id: idOf(line) })),
      (line) => itemsOf(line, lineOf(dataFile, line.number), context),
      context,
    );
  },
};

/** The two forms of every kind of item share a name. */
function byKind(
  templates: Readonly<Record<'program' | 'function' | 'question', Template>>,
): Template {
  const templateOf = ({ mode, program }: HeldOutTask) => {
    if (mode === 'induction') return templates.function;
    return program === '' ? templates.question : templates.program;
  };
  return {
    name: templates.program.name,
    title: `${templates.program.title}; a program in the last block alone`,
    ask: (task) => templateOf(task).ask(task),
    readAnswer: (task, completion) => templateOf(task).readAnswer(task, completion),
  };
}

function idOf({ number, value }: NumberedLine<FileLine>): string {
  return value.id ?? `line ${number}`;
}

function refuseRepeatedIds(lines: readonly NumberedLine<FileLine>[], file: string): void {
  const seen = new Map<string, number>();
  for (const line of lines) {
    const id = idOf(line);
    const before = seen.get(id);
    if (before !== undefined) {
      throw invalidData(lineOf(file, line.number), `it has the same "id" as line ${before}`);
    }
    seen.set(id, line.number);
  }
}

/** What is wrong with a line is told before anything is asked of a model. */
async function itemsOf(
  { id, value }: NumberedLine<FileLine> & { readonly id: string },
  place: string,
  context: LoadContext,
): Promise<LoadedSuite> {
  const tasks = await tasksOf(id, value, context);
  if (typeof tasks === 'string') throw invalidData(place, tasks);
  const items = tasks.map((task): SuiteItem => ({
    id: tasks.length === 1 ? id : `${id} ${task.stratum ?? ''}`,
    task,
  }));
  return { items, leftOut: [] };
}

async function tasksOf(
  id: string,
  line: FileLine,
  context: LoadContext,
): Promise<readonly HeldOutTask[] | string> {
  if ('program' in line) return programTasks(id, line, context);
  if ('prompt' in line) return testedTask(id, line);
  const task = questionTask(id, line);
  return task === undefined ? 'its "answer" is not a number' : [task];
}
